/**
 * Signs with the server's keys, in the JWS compact serialization (https://www.rfc-editor.org/rfc/rfc7515#section-7.1).
 */
import { type KeyObject, sign } from 'node:crypto';
import type { SigningAlg } from '../settings.ts';

/** A signing key of this server. */
export interface JwsKey {
  kid: string;
  alg: string;
  privateKey: KeyObject;
}

/** How each algorithm signs (RFC 7518 §3.1, RFC 8037 §3.1). Ed25519 includes its own digest. */
const SIGNATURES: Record<SigningAlg, { digest: string | undefined; dsaEncoding: 'der' | 'ieee-p1363' }> = {
  RS256: { digest: 'sha256', dsaEncoding: 'der' },
  ES256: { digest: 'sha256', dsaEncoding: 'ieee-p1363' },
  EdDSA: { digest: undefined, dsaEncoding: 'der' },
};

/** Returns the signing input of a JWS: its header, with `typ`, and its payload. */
export function signingInput({ alg, kid }: Pick<JwsKey, 'alg' | 'kid'>, typ: string, payload: object): string {
  return `${encoded({ alg, kid, typ })}.${encoded(payload)}`;
}

/** Signs in the thread pool and returns the complete JWS. */
export function signed({ alg, privateKey }: JwsKey, input: string): Promise<string> {
  const { digest, dsaEncoding } = SIGNATURES[alg as SigningAlg];
  return new Promise((resolve, reject) => {
    sign(digest, Buffer.from(input), { key: privateKey, dsaEncoding }, (error, signature) => {
      if (error) reject(error);
      else resolve(`${input}.${signature.toString('base64url')}`);
    });
  });
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
