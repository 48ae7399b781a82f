/** Identifies the client of a request (https://www.rfc-editor.org/rfc/rfc6749#section-2.3, RFC 9700 §2.5). */
import type { Engine } from '../../resources/engine.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { Caller } from '../accounts/guessing.ts';
import { OAuthError, REFUSED } from '../errors.ts';
import { findStored, isUsable, type Stored } from '../stored.ts';
import type { Assertions } from './assertions.ts';
import type { ClientCredentials, ClientMethod, CredentialRequest } from './methods/method.ts';
import { CLIENT_METHODS } from './methods/registry.ts';
import { bySecret } from './methods/secret.ts';

/** The client of a request, and whether it authenticated. */
export interface RequestClient {
  client: Stored;
  authenticated: boolean;
  /** True if the Client has credentials (RFC 6749 §2.1). */
  confidential: boolean;
}

export interface ClientRequest extends CredentialRequest {
  caller: Caller;
}

export interface ClientAuthentication {
  /**
   * Returns the client of a request. Credentials that are sent are always checked; without any, the client is the one
   * named by `client_id`. Throws `invalid_client` or `invalid_request`.
   */
  identify(request: ClientRequest): Promise<RequestClient>;
  /** Returns the Client that a secret proves, or undefined. Rejects with a Failure if guessing is throttled. */
  proveSecret(credentials: ClientCredentials, caller: Caller): Promise<Stored | undefined>;
}

/** Creates client authentication by the methods of the registry. */
export function createClientAuthentication(options: {
  engine: Engine;
  accounts: Accounts;
  assertions: Assertions;
}): ClientAuthentication {
  const { engine, accounts, assertions } = options;

  async function prove(
    method: Pick<ClientMethod, 'prove' | 'recall'>,
    credentials: ClientCredentials,
    caller: Caller,
  ): Promise<Stored | undefined> {
    const context = { accounts, assertions, caller };
    const recalled = await method.recall?.(context, credentials);
    if (recalled) return recalled;
    const account = await findStored(engine, 'Client', credentials.id);
    return (await method.prove(context, credentials, account)) ? account : undefined;
  }

  return {
    proveSecret: (credentials, caller) => prove(bySecret, credentials, caller),
    async identify(request) {
      const { parameters, caller } = request;
      const used = CLIENT_METHODS.filter((method) => method.isUsed(request));
      const [method, other] = used;
      if (other) throw new OAuthError('invalid_request', 'Use only one method of client authentication.');
      if (!method) return identifyPublic(engine, parameters.get('client_id'));
      const credentials = method.read(request);
      if (!credentials) throw new OAuthError('invalid_client', REFUSED);
      const named = parameters.get('client_id');
      if (named !== undefined && named !== credentials.id) {
        throw new OAuthError('invalid_request', 'client_id does not match the credentials.');
      }
      const client = await prove(method, credentials, caller);
      if (!client) throw new OAuthError('invalid_client', REFUSED);
      return { client, authenticated: true, confidential: true };
    },
  };
}

/**
 * Returns the unverified Client id of a request, from the first method that can read one. Returns undefined if there is
 * none, or if it is longer than any valid id.
 */
export function claimedClient(request: CredentialRequest): string | undefined {
  const read = CLIENT_METHODS.filter((method) => method.isUsed(request)).map((method) => claimedBy(method, request));
  const id = read.find((each) => each !== undefined) ?? request.parameters.get('client_id');
  return id === undefined || id.length > LONGEST_ID ? undefined : id;
}

const LONGEST_ID = 64;

function claimedBy(method: ClientMethod, request: CredentialRequest): string | undefined {
  try {
    return method.read(request)?.id;
  } catch (error) {
    if (error instanceof OAuthError) return undefined;
    throw error;
  }
}

const NAMELESS = 'The client is missing: send client_id, and its credentials if it has any.';

async function identifyPublic(engine: Engine, id: string | undefined): Promise<RequestClient> {
  if (id === undefined) throw new OAuthError('invalid_client', NAMELESS);
  const client = await findStored(engine, 'Client', id);
  if (!client || !isUsable(client.resource)) throw new OAuthError('invalid_client', REFUSED);
  return { client, authenticated: false, confidential: await isConfidential(engine, client) };
}

async function isConfidential(engine: Engine, { key, resource }: Stored): Promise<boolean> {
  if (resource['jwks'] !== undefined || resource['jwks_uri'] !== undefined) return true;
  return (await engine.credentials.of(key, 'secret')).length > 0;
}

/** Throws `invalid_client` if a confidential client did not authenticate, unless it is `excused`. */
export function requireAuthentication({ authenticated, confidential }: RequestClient, excused: boolean): void {
  if (!authenticated && confidential && !excused) throw new OAuthError('invalid_client', REFUSED);
}

/** Throws `unauthorized_client` if the Client does not list the grant. */
export function requireGrant(client: JsonObject, grant: string): void {
  if (hasGrant(client, grant)) return;
  throw new OAuthError('unauthorized_client', 'The client may not use this grant.');
}

/** Returns true if the Client lists the grant. */
export function hasGrant(client: JsonObject, grant: Json | undefined): boolean {
  const listed = client['grant_types'];
  return Array.isArray(listed) && grant !== undefined && listed.includes(grant);
}
