import type { JsonObject } from '../../resources/json/value.ts';
import type { SessionsContext, Tokens } from '../sessions/sessions.ts';
import { referenceOf, type Stored } from '../stored.ts';
import { type IdTokenOptions, idToken } from './id-token.ts';

/**
 * Returns what a token response adds for a person who signed in on a page: the ID token (OpenID Connect Core §3.1.3.3,
 * §12.2) and the patient in context (SMART App Launch, "Launch context arrives with your access_token").
 */
export async function signedInAnswer(
  context: SessionsContext,
  tokens: Tokens,
  user: Stored,
  options: IdTokenOptions = {},
): Promise<JsonObject> {
  const token = await idToken(context, tokens, user, options);
  const patient = patientOf(tokens.session);
  return {
    ...(token === undefined ? {} : { id_token: token }),
    ...(patient === undefined ? {} : { patient }),
  };
}

/** Returns the id of the Patient in a Session's launch context. */
export function patientOf(session: JsonObject): string | undefined {
  return referenceOf(session['patient'])?.split('/')[1];
}
