/** A client that signs with its own key (https://www.rfc-editor.org/rfc/rfc7523#section-3, OpenID Connect Core §9). */
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
      // Apart from the secret of the Client: guesses at that one do not lock this one out.
      `Client/${id} by assertion`,
      caller,
      async () => account !== undefined && assertions.prove(assertion, account),
    ),
};

/** Whom an assertion claims to come from: nothing of it is believed before its signature is checked. */
function subjectOf(assertion: string): string | undefined {
  try {
    const { sub } = decodeJwt(assertion);
    // What it says has any type until its claims are checked.
    return typeof sub === 'string' ? sub : undefined;
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined;
    throw error;
  }
}
