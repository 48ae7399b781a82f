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

/** The grant that the endpoint serves: the name of its token request and the type of its Sessions. */
export const AUTHORIZATION_CODE = 'authorization_code';

/** The parameters of a request: no credential is among them. */
const ASKED: ReadonlySet<string> = new Set<ParameterName>([
  ...(['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'] as const),
  ...(['code_challenge', 'code_challenge_method', 'prompt', 'max_age', 'login_hint', 'id_token_hint'] as const),
  ...(['aud', 'audience', 'resource', 'request', 'request_uri', 'registration'] as const),
]);

/** True for the name of a parameter that a request may have. */
export function isAsked(name: string): boolean {
  return ASKED.has(name);
}

/** The values of parameters that are served, for the metadata too. */
export const RESPONSE_TYPE = 'code';
export const RESPONSE_MODE = 'query';
export const CHALLENGE_METHOD = 'S256';
export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const;

/** Where the answer to a request goes: once this is known, errors go there too. */
export interface Destination {
  client: Stored;
  redirectUri: string;
  /** True where the request named it, so that the token request must (RFC 6749 §4.1.3). */
  redirectUriSent: boolean;
  state: string | undefined;
}

/** A request that may be put to a person. */
export interface AuthorizationRequest extends Destination {
  /** What the client is to be given. */
  scope: string[];
  audience: string[];
  nonce: string | undefined;
  /** SHA-256 of the verifier, base64url (RFC 7636 §4.2). */
  challenge: string;
  prompts: ReadonlySet<string>;
  /** Seconds since the person signed in, at most. */
  maxAge: number | undefined;
  loginHint: string | undefined;
  /** An ID token of the person who is expected. */
  idTokenHint: string | undefined;
}

const LONGEST_ADDRESS = 2_048;

/**
 * Finds where an answer may go. Throws `invalid_request` where nobody may be sent there: such an error is for the
 * person alone (RFC 6749 §4.1.2.1).
 */
export async function readDestination(engine: Engine, pairs: readonly Pair[]): Promise<Destination> {
  const id = single(pairs, 'client_id');
  if (id === undefined) throw new OAuthError('invalid_request', 'The request does not say which app it comes from.');
  const client = await findStored(engine, 'Client', id);
  if (!client || !isUsable(client.resource)) throw new OAuthError('invalid_request', 'The app is not known here.');
  const listed = redirectUrisOf(client.resource);
  const sent = single(pairs, 'redirect_uri');
  const [only, ...others] = listed;
  const redirectUri = sent ?? (others.length === 0 ? only : undefined);
  if (redirectUri === undefined || redirectUri.length > LONGEST_ADDRESS || !isListed(listed, redirectUri)) {
    throw new OAuthError('invalid_request', 'The app asks to be answered at an address that it has not registered.');
  }
  const states = pairs.filter(([name]) => name === 'state');
  const state = states.length === 1 && states[0]?.[1] !== '' ? states[0]?.[1] : undefined;
  return { client, redirectUri, redirectUriSent: sent !== undefined, state };
}

/** The value of a parameter that stands once; empty counts as omitted. Throws `invalid_request` where it repeats. */
function single(pairs: readonly Pair[], name: string): string | undefined {
  const [value, ...more] = pairs.filter((pair) => pair[0] === name).map((pair) => pair[1]);
  if (more.length > 0) throw new OAuthError('invalid_request', `The request has several values of ${name}.`);
  return value === '' ? undefined : value;
}

/** Reads a request whose destination is known. Throws the OAuthError that the client is to be told. */
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
    throw new OAuthError('unsupported_response_type', `response_type is ${RESPONSE_TYPE}.`);
  }
  if ((parameters.get('response_mode') ?? RESPONSE_MODE) !== RESPONSE_MODE) {
    throw new OAuthError('invalid_request', `response_mode is ${RESPONSE_MODE}.`);
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
 * The granted scopes without those that this server never gives. Asking for such ones is no way to be given all that a
 * request without scopes of SMART gets. Throws `invalid_scope`.
 */
function servedScope(asked: string[], grant: (asked: string[]) => string[]): string[] {
  const served = asked.filter((scope) => !isUnserved(scope));
  if (asked.length > 0 && served.length === 0) {
    throw new OAuthError('invalid_scope', 'Nothing of what is asked for is served.');
  }
  if (isUnboundedLaunch(asked)) {
    throw new OAuthError(
      'invalid_scope',
      'There is no launch from an EHR, and no scope of patient/, user/ or system/.',
    );
  }
  return grant(served).filter((scope) => !isUnserved(scope));
}

/** True where these scopes come with a refresh token: apps of SMART ask for one, others get what their Client says. */
export function asksForRefresh(scope: readonly string[]): boolean {
  return scope.includes(OFFLINE) || !scope.some((each) => isSmartScope(each) || each === 'launch/patient');
}

/** Requests that stand in a JWT (RFC 9101), and clients that register as they ask. */
function refuseOtherForms(parameters: Parameters): void {
  for (const name of ['request', 'request_uri', 'registration'] as const) {
    if (parameters.get(name) === undefined) continue;
    throw new OAuthError(`${name}_not_supported`, `${name} is not taken: send the parameters themselves.`);
  }
}

/** The challenge of PKCE, which every client sends (RFC 9700 §2.1.1). Left out, the method would be `plain`. */
function challengeOf(parameters: Parameters): string {
  const challenge = parameters.require('code_challenge');
  if (parameters.get('code_challenge_method') !== CHALLENGE_METHOD) {
    throw new OAuthError('invalid_request', `code_challenge_method is ${CHALLENGE_METHOD}.`);
  }
  if (/^[A-Za-z0-9_-]{43}$/.test(challenge)) return challenge;
  throw new OAuthError('invalid_request', 'code_challenge is a SHA-256 in base64url: 43 characters.');
}

/** SMART's `aud`: an app that was told of a false server must not bring that server's users here. */
function requireOwnServer(settings: AuthSettings, aud: string | undefined): void {
  if (aud === undefined || isOwnAudience(settings, aud)) return;
  throw new OAuthError('invalid_request', 'aud names another server than this one.');
}

/** Values that are not known are passed over (OpenID Connect Core §3.1.2.1). */
function promptsOf(text: string | undefined): ReadonlySet<string> {
  const prompts = new Set((text ?? '').split(' ').filter((prompt) => prompt !== ''));
  if (prompts.has('none') && prompts.size > 1) {
    throw new OAuthError('invalid_request', 'prompt=none stands alone.');
  }
  return prompts;
}

function maxAgeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new OAuthError('invalid_request', 'max_age is a number of seconds.');
}
