/**
 * Authorization requests (https://www.rfc-editor.org/rfc/rfc6749#section-4.1.1, RFC 7636 §4.3, RFC 9700 §2.1,
 * https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest).
 */
import type { Engine } from '../../resources/engine.ts';
import { requireGrant } from '../clients/client-auth.ts';
import { type Pair, type ParameterName, Parameters } from '../endpoints/parameters.ts';
import { OAuthError } from '../errors.ts';
import { grantedAudience, isForOthers, isOwnAudience } from '../scopes/audience.ts';
import { grantedScope, parseScope } from '../scopes/scopes.ts';
import { isSmartScope, isUnboundedLaunch, isUnserved } from '../scopes/smart-scopes.ts';
import { type AuthSettings, grantSettings } from '../settings.ts';
import { findStored, isUsable, type Stored } from '../stored.ts';
import { isListed, redirectUrisOf } from './redirect-uris.ts';

/** The grant of this endpoint: its `grant_type` in the token request, and the type of its Sessions. */
export const AUTHORIZATION_CODE = 'authorization_code';

/** The parameters of an authorization request. None of them is a credential. */
const ASKED: ReadonlySet<string> = new Set<ParameterName>([
  ...(['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'] as const),
  ...(['code_challenge', 'code_challenge_method', 'prompt', 'max_age', 'login_hint', 'id_token_hint'] as const),
  ...(['aud', 'audience', 'resource', 'request', 'request_uri', 'registration'] as const),
]);

/** Returns true for the name of an authorization request parameter. */
export function isAsked(name: string): boolean {
  return ASKED.has(name);
}

/** The supported parameter values; the metadata lists them too. */
export const RESPONSE_TYPE = 'code';
export const RESPONSE_MODE = 'query';
export const CHALLENGE_METHOD = 'S256';
export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const;

/** Where the response to a request goes. Once it is known, errors are sent there too. */
export interface Destination {
  client: Stored;
  redirectUri: string;
  /** True if the request had a `redirect_uri`; the token request must then repeat it (RFC 6749 §4.1.3). */
  redirectUriSent: boolean;
  state: string | undefined;
}

/** A valid request, ready to be shown to a person. */
export interface AuthorizationRequest extends Destination {
  /** The scopes that the client will be granted. */
  scope: string[];
  audience: string[];
  nonce: string | undefined;
  /** SHA-256 of the verifier, base64url (RFC 7636 §4.2). */
  challenge: string;
  prompts: ReadonlySet<string>;
  /** The maximum number of seconds since the person signed in. */
  maxAge: number | undefined;
  loginHint: string | undefined;
  /** An ID token of the expected person. */
  idTokenHint: string | undefined;
}

const LONGEST_ADDRESS = 2_048;

/**
 * Finds where the response may be sent. Throws `invalid_request` if nowhere: such an error is shown to the person only
 * (RFC 6749 §4.1.2.1).
 */
export async function readDestination(engine: Engine, pairs: readonly Pair[]): Promise<Destination> {
  const id = single(pairs, 'client_id');
  if (id === undefined) throw new OAuthError('invalid_request', 'The request must have a client_id.');
  const client = await findStored(engine, 'Client', id);
  if (!client || !isUsable(client.resource))
    throw new OAuthError('invalid_request', 'The app is not known to this server.');
  const listed = redirectUrisOf(client.resource);
  const sent = single(pairs, 'redirect_uri');
  const [only, ...others] = listed;
  const redirectUri = sent ?? (others.length === 0 ? only : undefined);
  if (redirectUri === undefined || redirectUri.length > LONGEST_ADDRESS || !isListed(listed, redirectUri)) {
    throw new OAuthError('invalid_request', 'The redirect_uri is not registered for this app.');
  }
  const states = pairs.filter(([name]) => name === 'state');
  const state = states.length === 1 && states[0]?.[1] !== '' ? states[0]?.[1] : undefined;
  return { client, redirectUri, redirectUriSent: sent !== undefined, state };
}

/** Returns the value of a parameter; an empty one counts as omitted. Throws `invalid_request` if it is repeated. */
function single(pairs: readonly Pair[], name: string): string | undefined {
  const [value, ...more] = pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  if (more.length > 0) throw new OAuthError('invalid_request', `The request must not repeat ${name}.`);
  return value === '' ? undefined : value;
}

/** Reads a request whose destination is known. Throws an OAuthError that is sent to the client. */
export function readRequest(
  settings: AuthSettings,
  destination: Destination,
  pairs: readonly Pair[],
): AuthorizationRequest {
  const parameters = Parameters.of(pairs);
  const { client } = destination;
  refuseOtherForms(parameters);
  requireGrant(client.resource, AUTHORIZATION_CODE);
  if (parameters.require('response_type') !== RESPONSE_TYPE) {
    throw new OAuthError('unsupported_response_type', `response_type must be ${RESPONSE_TYPE}.`);
  }
  if ((parameters.get('response_mode') ?? RESPONSE_MODE) !== RESPONSE_MODE) {
    throw new OAuthError('invalid_request', `response_mode must be ${RESPONSE_MODE}.`);
  }
  const challenge = challengeOf(parameters);
  const own = grantSettings(client.resource, AUTHORIZATION_CODE, settings);
  const [audience, resource] = [parameters.all('audience'), parameters.all('resource')];
  const granted = grantedAudience(settings, own, { audience, resource });
  requireOwnServer(settings, parameters.get('aud'));
  const scope = servedScope(parseScope(parameters.get('scope')), (asked) =>
    grantedScope(client.resource, asked, isForOthers(settings, granted)),
  ).filter((each) => each !== OFFLINE || own.refreshable);
  return {
    ...destination,
    scope,
    audience: granted,
    nonce: parameters.get('nonce'),
    challenge,
    prompts: promptsOf(parameters.get('prompt')),
    maxAge: maxAgeOf(parameters.get('max_age')),
    loginHint: parameters.get('login_hint'),
    idTokenHint: parameters.get('id_token_hint'),
  };
}

const OFFLINE = 'offline_access';

/**
 * Returns the granted scopes, without those that this server never grants. A request that asks only for those is
 * refused: it must not be treated like one without SMART scopes, whose token has no bound. Throws `invalid_scope`.
 */
function servedScope(asked: string[], grant: (asked: string[]) => string[]): string[] {
  const served = asked.filter((scope) => !isUnserved(scope));
  if (asked.length > 0 && served.length === 0) {
    throw new OAuthError('invalid_scope', 'None of the requested scopes is supported.');
  }
  if (isUnboundedLaunch(asked)) {
    throw new OAuthError(
      'invalid_scope',
      'Launch from an EHR is not supported; request a scope of patient/, user/ or system/.',
    );
  }
  return grant(served).filter((scope) => !isUnserved(scope));
}

/**
 * Returns true if a grant of these scopes includes a refresh token. SMART apps must ask for one; for others, the Client
 * decides.
 */
export function asksForRefresh(scope: readonly string[]): boolean {
  return scope.includes(OFFLINE) || !scope.some((each) => isSmartScope(each) || each === 'launch/patient');
}

/** Refuses requests in a JWT (RFC 9101), and clients that register with their request. */
function refuseOtherForms(parameters: Parameters): void {
  for (const name of ['request', 'request_uri', 'registration'] as const) {
    if (parameters.get(name) === undefined) continue;
    throw new OAuthError(`${name}_not_supported`, `${name} is not supported: send the parameters themselves.`);
  }
}

/**
 * Returns the PKCE challenge, which every client must send (RFC 9700 §2.1.1). The method must be given, because an
 * omitted one would mean `plain`.
 */
function challengeOf(parameters: Parameters): string {
  const challenge = parameters.require('code_challenge');
  if (parameters.get('code_challenge_method') !== CHALLENGE_METHOD) {
    throw new OAuthError('invalid_request', `code_challenge_method must be ${CHALLENGE_METHOD}.`);
  }
  if (/^[A-Za-z0-9_-]{43}$/.test(challenge)) return challenge;
  throw new OAuthError('invalid_request', 'code_challenge must be a SHA-256 hash in base64url, 43 characters.');
}

/** Checks SMART's `aud`: an app that was given a fake server must not bring that server's users here. */
function requireOwnServer(settings: AuthSettings, aud: string | undefined): void {
  if (aud === undefined || isOwnAudience(settings, aud)) return;
  throw new OAuthError('invalid_request', 'aud must name this server.');
}

/** Unknown values are ignored (OpenID Connect Core §3.1.2.1). */
function promptsOf(text: string | undefined): ReadonlySet<string> {
  const prompts = new Set((text ?? '').split(' ').filter((prompt) => prompt !== ''));
  if (prompts.has('none') && prompts.size > 1) {
    throw new OAuthError('invalid_request', 'prompt=none must not be combined with other values.');
  }
  return prompts;
}

function maxAgeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new OAuthError('invalid_request', 'max_age must be a number of seconds.');
}
