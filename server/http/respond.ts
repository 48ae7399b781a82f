import type { Logger } from 'pino';
import { asOAuthError, OAuthError } from '../../auth/errors.ts';
import { errorPage } from '../../auth/pages/page.ts';
import { Failure, type Issue } from '../../resources/errors.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { DatabaseError } from '../../resources/storage/connection.ts';
import { type Auditing, noteDenial, type RefusedRequest } from '../access/denials.ts';
import type { Context, Step } from '../context.ts';
import { type Answer, negotiate, type Wishes } from '../formats/negotiate.ts';
import { lingerOn } from '../load/linger.ts';
import { isPage, sendPage } from './pages.ts';

/** The only catch: renders every error as an OperationOutcome, or as OAuth JSON under `/auth`. */
export function respond(logger: Logger, auditing: Auditing): Step {
  return async (ctx, next) => {
    try {
      await next();
      if (ctx.status === 404 && ctx.body == null) throw new Failure('not-found', 'There is nothing at this address.');
    } catch (error) {
      if (ctx.path.startsWith('/auth/')) {
        const oauth = asOAuthError(asKnown(error));
        if (isPage(ctx.path)) sendPage(ctx, errorPage(oauth));
        else renderOAuth(ctx, oauth);
        closeIfUnread(ctx);
        if (!ctx.state.auditsItself) noteDenial(auditing, ctx.state, refusedRequest(ctx), statusOf(oauth));
        if (oauth.answer.status >= 500) log(logger, ctx, oauth);
      } else {
        const failure = asFailure(error);
        renderOutcome(ctx, failure);
        noteDenial(auditing, ctx.state, refusedRequest(ctx), failure);
        logFailure(logger, ctx, failure);
      }
    }
  };
}

function refusedRequest({ method, path, headers }: Context): RefusedRequest {
  return { method, url: path, authorization: headers.authorization };
}

function statusOf({ code, answer }: OAuthError): { status: number; code: string } {
  return { status: answer.status, code };
}

/** Returns an OperationOutcome (FHIR R4, https://hl7.org/fhir/R4/operationoutcome.html). */
export function operationOutcome(issues: readonly Issue[]): JsonObject {
  const issue = issues.map(({ severity, code, diagnostics, expression }): Json => {
    return { severity, code, diagnostics, ...(expression ? { expression } : {}) };
  });
  return { resourceType: 'OperationOutcome', issue };
}

function renderOutcome(ctx: Context, failure: Failure): void {
  const answer = answerOrDefault(ctx);
  ctx.status = failure.status;
  ctx.remove('ETag');
  ctx.remove('Last-Modified');
  ctx.set('Content-Type', answer.contentType);
  if (failure.retryAfter !== undefined) ctx.set('Retry-After', String(failure.retryAfter));
  for (const [name, value] of Object.entries(failure.headers)) ctx.set(name, value);
  ctx.body = answer.render(operationOutcome(failure.issues));
  closeIfUnread(ctx);
}

function renderOAuth(ctx: Context, error: OAuthError): void {
  const { status, headers, body } = error.answer;
  ctx.status = status;
  ctx.set(headers);
  ctx.set('Content-Type', 'application/json; charset=utf-8');
  ctx.body = JSON.stringify(body);
}

/** Closes the connection after the response if the body was rejected before it had arrived whole. */
function closeIfUnread(ctx: Context): void {
  if (ctx.req.complete) return;
  ctx.set('Connection', 'close');
  lingerOn(ctx.req);
}

function answerOrDefault(ctx: Context): Answer {
  try {
    return negotiate(wishes(ctx));
  } catch {
    return negotiate({});
  }
}

/** Returns the format that a request asks for: the `Accept` header, `_format` and `_pretty` (FHIR R4 §3.1.0.1.11). */
export function wishes(ctx: Context): Wishes {
  const pretty = parameter(ctx, '_pretty') === 'true';
  return { accept: ctx.get('Accept'), format: formatParameter(ctx), pretty };
}

/** Returns the value of `_format`; undefined if it is not set. */
export function formatParameter(ctx: Context): string | undefined {
  return parameter(ctx, '_format');
}

/** Returns a parameter of the query, otherwise of the form of a search. */
function parameter({ querystring, state: { form } }: Context, sought: string): string | undefined {
  const value = querystring.includes(sought) ? new URLSearchParams(querystring).get(sought) : null;
  return value ?? form?.find(([name]) => name === sought)?.[1];
}

/** Translates the errors of libraries into the server's own. */
function asKnown(error: unknown): unknown {
  if (error instanceof Failure || error instanceof OAuthError) return error;
  // A violated constraint is a bug of ours; every other error means that the database is in trouble.
  if (error instanceof DatabaseError && error.fault !== 'constraint') {
    return new Failure('busy', 'The database is unavailable. Try again.', {
      retryAfter: 1,
      cause: error,
      detail: error.message,
    });
  }
  return refusedBody(error) ?? error;
}

/** Converts any error to a Failure; an unforeseen one becomes `internal` and reveals nothing. */
export function asFailure(thrown: unknown): Failure {
  const error = asKnown(thrown);
  if (error instanceof Failure) return error;
  return new Failure('internal', 'Internal server error; see the server log.', { cause: error });
}

/** The codes of zlib for gzip and deflate, and of Brotli, whose prefix Node mangles. */
const DAMAGED = /^(Z_|ERR__ERROR_|ERR_BROTLI_)/;

/** Translates an error of koa-body and its dependencies, by its status or code. */
function refusedBody(error: unknown): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  const status = 'status' in error ? error.status : undefined;
  const code = 'code' in error ? String(error.code) : '';
  if (status === 413) return new Failure('too-large', 'The body is larger than this server accepts.', { cause: error });
  if (status === 415)
    return new Failure('media-type', 'Unsupported Content-Encoding: use gzip, deflate or br, or none.', {
      cause: error,
    });
  if (status === 400) return new Failure('malformed', 'The request body is incomplete.', { cause: error });
  if (DAMAGED.test(code)) return new Failure('malformed', 'The compressed body is damaged.', { cause: error });
  return undefined;
}

/** Logs a server-side failure, with the details that the caller does not see. */
export function logFailure(logger: Logger, ctx: Context, failure: Failure): void {
  if (failure.status >= 500) log(logger, ctx, failure);
}

function log(logger: Logger, ctx: Context, failure: Failure | OAuthError): void {
  const cause = failure.cause instanceof Error ? (failure.cause.stack ?? failure.cause.message) : failure.cause;
  const { code, detail, message } = failure;
  logger[isCrowded(failure) ? 'warn' : 'error'](
    { request: ctx.state.requestId, failure: code, detail, cause },
    message,
  );
}

/** Returns true if nothing is broken and the server is merely overloaded. */
function isCrowded({ code, cause }: Failure | OAuthError): boolean {
  return cause instanceof Failure ? isCrowded(cause) : code === 'busy' && cause === undefined;
}
