/**
 * OAuth 2.0 error responses (https://www.rfc-editor.org/rfc/rfc6749#section-5.2) and bearer token challenges
 * (https://www.rfc-editor.org/rfc/rfc6750#section-3).
 */
import { Failure, type FailureCode } from '../resources/errors.ts';
import type { JsonObject } from '../resources/json/value.ts';

const BASIC = 'Basic realm="ward", charset="UTF-8"';
const BEARER = 'Bearer realm="ward"';

interface OAuthEntry {
  status: number;
  /** The `error` that is sent, if it is not the code itself. */
  error?: string;
  /** Sent as `WWW-Authenticate`. */
  challenge?: string;
}

/** Every failure of an OAuth endpoint: code → status, the `error` sent and the challenge. */
export const OAUTH_ERRORS = {
  invalid_request: { status: 400 },
  invalid_grant: { status: 400 },
  unauthorized_client: { status: 400 },
  unsupported_response_type: { status: 400 },
  login_required: { status: 400 },
  consent_required: { status: 400 },
  interaction_required: { status: 400 },
  request_not_supported: { status: 400 },
  request_uri_not_supported: { status: 400 },
  registration_not_supported: { status: 400 },
  unsupported_grant_type: { status: 400 },
  invalid_scope: { status: 400 },
  invalid_target: { status: 400 },
  invalid_client: { status: 401, challenge: BASIC },
  invalid_token: { status: 401, challenge: `${BEARER}, error="invalid_token"` },
  // If no token was sent, the challenge has no error code (RFC 6750 §3.1). The body has one like any error.
  token_required: { status: 401, error: 'invalid_token', challenge: BEARER },
  insufficient_scope: { status: 403, challenge: `${BEARER}, error="insufficient_scope"` },
  access_denied: { status: 403 },
  not_found: { status: 404, error: 'invalid_request' },
  method_not_allowed: { status: 405, error: 'invalid_request' },
  not_acceptable: { status: 406, error: 'invalid_request' },
  conflict: { status: 409, error: 'invalid_request' },
  precondition_failed: { status: 412, error: 'invalid_request' },
  request_too_large: { status: 413, error: 'invalid_request' },
  unsupported_media_type: { status: 415, error: 'invalid_request' },
  too_many_requests: { status: 429 },
  server_error: { status: 500 },
  temporarily_unavailable: { status: 503 },
} as const satisfies Record<string, OAuthEntry>;

export type OAuthCode = keyof typeof OAUTH_ERRORS;

/** A response for the HTTP layer to send. */
export interface OAuthAnswer {
  status: number;
  headers: Record<string, string>;
  body: JsonObject;
}

/** Cache headers of every response that may carry a credential (RFC 6749 §5.1). */
export const NO_STORE = { 'Cache-Control': 'no-store', Pragma: 'no-cache' } as const;

/** One text for an unknown Client, a wrong secret, a Client without a secret and a Client that is switched off. */
export const REFUSED = 'Client authentication failed.';

/** A failure of an OAuth endpoint. The description is public; the detail is only logged. */
export class OAuthError extends Error {
  readonly code: OAuthCode;
  readonly detail: string | undefined;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter: number | undefined;
  /** The methods that are allowed at this address (RFC 9110 §15.5.6). */
  readonly allow: string | undefined;

  constructor(
    code: OAuthCode,
    description: string,
    options: { detail?: string; retryAfter?: number; allow?: string; cause?: unknown } = {},
  ) {
    super(describable(description), { cause: options.cause });
    this.name = 'OAuthError';
    this.code = code;
    this.detail = options.detail;
    this.retryAfter = options.retryAfter;
    this.allow = options.allow;
  }

  /** Status, headers and body of the response (RFC 6749 §5.2). */
  get answer(): OAuthAnswer {
    const entry: OAuthEntry = OAUTH_ERRORS[this.code];
    return {
      status: entry.status,
      headers: {
        ...NO_STORE,
        ...(entry.challenge === undefined ? {} : { 'WWW-Authenticate': entry.challenge }),
        ...(this.retryAfter === undefined ? {} : { 'Retry-After': String(this.retryAfter) }),
        ...(this.allow === undefined ? {} : { Allow: this.allow }),
      },
      body: { error: entry.error ?? this.code, error_description: this.message },
    };
  }
}

/**
 * Replaces characters that `error_description` must not contain: only %x20-21 / %x23-5B / %x5D-7E may (RFC 6749 §5.2).
 */
function describable(text: string): string {
  return text
    .replaceAll('"', "'")
    .replaceAll('\\', '/')
    .replace(/[^\x20-\x7e]/g, '?');
}

/** Typed as total: a missing code would be reported as a fault of the request. */
const FAILURE_CODES: Record<FailureCode, OAuthCode> = {
  malformed: 'invalid_request',
  parameter: 'invalid_request',
  'unknown-parameter': 'invalid_request',
  unauthenticated: 'invalid_token',
  forbidden: 'access_denied',
  'not-found': 'not_found',
  'unknown-type': 'not_found',
  'method-not-allowed': 'method_not_allowed',
  'not-acceptable': 'not_acceptable',
  duplicate: 'conflict',
  gone: 'not_found',
  precondition: 'precondition_failed',
  'multiple-matches': 'precondition_failed',
  'too-large': 'request_too_large',
  'media-type': 'unsupported_media_type',
  invalid: 'invalid_request',
  'business-rule': 'invalid_request',
  'too-costly': 'invalid_request',
  throttled: 'too_many_requests',
  internal: 'server_error',
  busy: 'temporarily_unavailable',
};

/** Converts any error to an OAuthError: a Failure by its code, an unexpected error to `server_error`. */
export function asOAuthError(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (error instanceof Denial) return new OAuthError(DENIALS[error.reason].oauth, error.message, { cause: error });
  if (error instanceof Failure) {
    return new OAuthError(FAILURE_CODES[error.code], error.message, {
      cause: error,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
    });
  }
  return new OAuthError('server_error', 'Internal server error.', { cause: error });
}

const DENIALS = {
  anonymous: {
    code: 'unauthenticated',
    text: 'Authentication is required.',
    challenge: BEARER,
    oauth: 'token_required',
  },
  'bad-token': {
    code: 'unauthenticated',
    text: 'The access token is not valid.',
    challenge: `${BEARER}, error="invalid_token"`,
    oauth: 'invalid_token',
  },
  'bad-credentials': {
    code: 'unauthenticated',
    text: 'The credentials are not valid.',
    challenge: BASIC,
    oauth: 'invalid_client',
  },
  'several-credentials': {
    code: 'malformed',
    text: 'Send credentials in exactly one Authorization header, and access tokens only there.',
    challenge: `${BEARER}, error="invalid_request"`,
    oauth: 'invalid_request',
  },
  'insufficient-scope': {
    code: 'forbidden',
    text: 'The scope of the access token does not cover this request.',
    challenge: `${BEARER}, error="insufficient_scope"`,
    oauth: 'insufficient_scope',
  },
  forbidden: {
    code: 'forbidden',
    text: 'This request is not permitted.',
    challenge: undefined,
    oauth: 'access_denied',
  },
} as const satisfies Record<
  string,
  { code: FailureCode; text: string; challenge: string | undefined; oauth: OAuthCode }
>;

export type DenialReason = keyof typeof DENIALS;

/** A request that is refused because of its principal: a Failure with the challenge to send (RFC 6750 §3). */
export class Denial extends Failure {
  readonly reason: DenialReason;

  /** @param scope the scope that would have sufficed, if known */
  constructor(reason: DenialReason, detail?: string, scope?: string) {
    const { code, text, challenge } = DENIALS[reason];
    const told = challenge === undefined || scope === undefined ? challenge : `${challenge}, scope="${scope}"`;
    super(code, text, {
      ...(detail === undefined ? {} : { detail }),
      ...(told === undefined ? {} : { headers: { 'WWW-Authenticate': told } }),
    });
    this.name = 'Denial';
    this.reason = reason;
  }
}
