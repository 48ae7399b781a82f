/** ID tokens (https://openid.net/specs/openid-connect-core-1_0.html#IDToken). */
import { hash } from 'node:crypto';
import { compactVerify, errors } from 'jose';
import { readJson } from '../../resources/json/read.ts';
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { parseReference } from '../../resources/search/kinds/reference.ts';
import type { Keys, SigningKey } from '../keys/keys.ts';
import type { SessionsContext, Tokens } from '../sessions/sessions.ts';
import { referenceOf, type Stored } from '../stored.ts';
import { signed, signingInput } from './jws.ts';

/** The claims that a scope adds, each with how it is read from the User (OpenID Connect Core §5.1, §5.4). */
type Claims = Readonly<Record<string, (user: JsonObject, baseUrl: string) => string | undefined>>;

const CLAIMS: Readonly<Record<string, Claims>> = {
  profile: {
    name: ({ name }) => (isObject(name) ? (text(name['formatted']) ?? spelled(name)) : undefined),
    given_name: ({ name }) => (isObject(name) ? text(name['givenName']) : undefined),
    family_name: ({ name }) => (isObject(name) ? text(name['familyName']) : undefined),
    preferred_username: ({ userName }) => text(userName),
  },
  email: { email: ({ email }) => text(email) },
  // https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html#scopes-for-requesting-identity-data
  fhirUser: { fhirUser: ({ fhirUser }, baseUrl) => absolute(referenceOf(fhirUser), baseUrl) },
};

/**
 * Scopes whose claims are in the ID token too, as SMART requires; those of other scopes are in UserInfo only (§5.4).
 */
const IN_ID_TOKEN = ['fhirUser'];

/** The scopes that add claims beyond `sub`. */
export const CLAIM_SCOPES: readonly string[] = Object.keys(CLAIMS);

/** Every claim that an ID token or UserInfo may have, for the metadata. */
export const CLAIM_NAMES: readonly string[] = [
  ...['iss', 'sub', 'aud', 'exp', 'iat', 'auth_time', 'nonce', 'at_hash'],
  ...Object.values(CLAIMS).flatMap((claims) => Object.keys(claims)),
];

export interface IdTokenOptions {
  /** The nonce of the authorization request; a refresh has none (OpenID Connect Core §12.2). */
  nonce?: string | undefined;
  /** The signing key, if it is known already. */
  key?: SigningKey | undefined;
}

/** Returns a key to sign an ID token that is valid for `lifetime` seconds; undefined if the scope has no `openid`. */
export async function idTokenKey(
  { keys }: SessionsContext,
  scope: readonly string[],
  lifetime: number,
): Promise<SigningKey | undefined> {
  return scope.includes('openid') ? keys.signing(lifetime) : undefined;
}

/** Returns the ID token that accompanies a Session's access token; undefined if its scope has no `openid`. */
export async function idToken(
  context: SessionsContext,
  { session, access, accessToken }: Tokens,
  user: Stored,
  { nonce, key: ready }: IdTokenOptions,
): Promise<string | undefined> {
  const key = await (ready ?? idTokenKey(context, access.scope, access.expiresAt - access.issuedAt));
  if (!key || !access.scope.includes('openid')) return undefined;
  const { settings } = context;
  const claims: JsonObject = {
    iss: settings.baseUrl,
    sub: user.id,
    aud: referenceOf(session['client'])?.split('/')[1] ?? '',
    iat: access.issuedAt,
    exp: access.expiresAt,
    auth_time: Math.floor(Date.parse(String(session['auth_time'])) / 1000),
    at_hash: leftHalf(key.alg, accessToken),
    ...(nonce === undefined ? {} : { nonce }),
    ...identityOf(user.resource, access.scope, settings.baseUrl),
  };
  return signed(key, signingInput(key, 'JWT', claims));
}

/**
 * Returns the subject of an ID token of this server, expired or not; undefined for anything else (OpenID Connect Core
 * §3.1.2.1).
 */
export async function subjectOfHint(keys: Keys, issuer: string, token: string): Promise<string | undefined> {
  try {
    const { payload } = await compactVerify(token, async ({ kid, alg, typ }) => {
      const key = typeof kid === 'string' ? await keys.find(kid) : undefined;
      if (!key || key.alg !== alg || typ !== 'JWT') throw new errors.JWTInvalid('Not one of our keys');
      return key.publicKey;
    });
    const claims = readJson(Buffer.from(payload).toString());
    // A refresh token has the same header type; its subject is a Client id, which no User has.
    if (!isObject(claims) || claims['iss'] !== issuer) return undefined;
    return text(claims['sub']);
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}

/** Returns the claims that an ID token has about a User, besides `sub`. */
export function identityOf(user: JsonObject, scope: readonly string[], baseUrl: string): JsonObject {
  return userClaims(
    user,
    IN_ID_TOKEN.filter((each) => scope.includes(each)),
    baseUrl,
  );
}

/** Returns the claims about a User that these scopes give in UserInfo (OpenID Connect Core §5.4). */
export function userClaims(user: JsonObject, scope: readonly string[], baseUrl: string): JsonObject {
  const readers = scope.flatMap((each) => (Object.hasOwn(CLAIMS, each) ? Object.entries(CLAIMS[each] ?? {}) : []));
  const claims = readers.map(([name, read]) => [name, read(user, baseUrl)] as const);
  return Object.fromEntries(claims.filter((claim): claim is [string, string] => claim[1] !== undefined));
}

/**
 * Returns the left half of the hash that belongs to the algorithm (OpenID Connect Core §3.1.3.6; SHA-512 for Ed25519).
 */
function leftHalf(alg: string, accessToken: string): string {
  const digest = hash(alg === 'EdDSA' ? 'sha512' : 'sha256', accessToken, 'buffer');
  return digest.subarray(0, digest.length / 2).toString('base64url');
}

function absolute(reference: string | undefined, baseUrl: string): string | undefined {
  if (reference === undefined) return undefined;
  return parseReference(reference)?.base === '' ? `${baseUrl}/${reference}` : reference;
}

function spelled({ givenName, familyName }: JsonObject): string | undefined {
  return text([givenName, familyName].filter((part) => typeof part === 'string').join(' '));
}

function text(value: JsonObject[string] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
