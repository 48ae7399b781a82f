/**
 * Authenticates a client by its signature (https://www.rfc-editor.org/rfc/rfc7523#section-3, OpenID Connect Core §9).
 */
import { decodeJwt, errors } from 'jose';
import { OAuthError } from '../../errors.ts';
import { ASSERTION_ALGS } from '../assertions.ts';
import type { ClientMethod } from './method.ts';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export const privateKeyJwt: ClientMethod = {
  name: 'private_key_jwt',
  signingAlgs: ASSERTION_ALGS,
  isUsed: ({ parameters }) =>
    parameters.get('client_assertion') !== undefined || parameters.get('client_assertion_type') !== undefined,
  read: ({ parameters }) => {
    if (parameters.get('client_assertion_type') !== TYPE) {
      throw new OAuthError('invalid_request', `client_assertion_type must be ${TYPE}.`);
    }
    const assertion = parameters.require('client_assertion');
    const id = subjectOf(assertion);
    return id === undefined ? undefined : { id, secrets: [assertion] };
  },
  prove: ({ accounts, assertions, caller }, { id, secrets: [assertion = ''] }, account) =>
    accounts.verify(
      // Separate from the Client's secret, so that guesses at the secret do not lock out assertions.
      `Client/${id} by assertion`,
      caller,
      async () => account !== undefined && assertions.prove(assertion, account),
    ),
};

/** Returns the subject of an assertion. Nothing of it is trusted before the signature is verified. */
function subjectOf(assertion: string): string | undefined {
  try {
    const { sub } = decodeJwt(assertion);
    // Unverified, so it may be of any type.
    return typeof sub === 'string' ? sub : undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
