/** Who the client of a request is (https://www.rfc-editor.org/rfc/rfc6749#section-2.3, RFC 9700 §2.5). */
import type { Engine } from '../resources/engine.ts';
import type { JsonObject } from '../resources/json/value.ts';
import type { Accounts } from './accounts.ts';
import type { ClientCredentials } from './client-methods/method.ts';
import { CLIENT_METHODS } from './client-methods/registry.ts';
import { OAuthError } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { findStored, isUsable, type Stored } from './stored.ts';

/** The client of a request, and whether it proved to be who it says. */
export interface RequestClient {
  client: Stored;
  authenticated: boolean;
  /** True where the Client holds something to authenticate with (RFC 6749 §2.1). */
  confidential: boolean;
}

export interface ClientRequest {
  authorization: string | undefined;
  parameters: Parameters;
  /** The caller's IP address. */
  address: string;
}

export interface ClientAuthentication {
  /**
   * The client that a request comes from. Credentials that are sent are always checked; a request that sends none
   * names its client by `client_id`. Throws `invalid_client` or `invalid_request`.
   */
  identify(request: ClientRequest): Promise<RequestClient>;
  /** The Client that these credentials prove, or undefined. Rejects where guessing is throttled. */
  prove(credentials: ClientCredentials, address: string): Promise<Stored | undefined>;
}

// One text for an unknown client, a wrong secret, a Client without a secret and a Client that is switched off.
const REFUSED = 'Client authentication failed.';

/** Authenticates clients by the methods of the registry. */
export function createClientAuthentication(options: { engine: Engine; accounts: Accounts }): ClientAuthentication {
  const { engine, accounts } = options;

  async function prove({ id, secrets }: ClientCredentials, address: string): Promise<Stored | undefined> {
    const account = await findStored(engine, 'Client', id);
    const proven = await accounts.prove({ account, name: `Client/${id}`, credential: 'secret', secrets, address });
    return proven ? account : undefined;
  }

  return {
    prove,
    async identify(request) {
      const { parameters, address } = request;
      const used = CLIENT_METHODS.filter((method) => method.isUsed(request));
      const [method, other] = used;
      if (other) throw new OAuthError('invalid_request', 'Use one method of client authentication, not several.');
      if (!method) return identifyPublic(engine, parameters.get('client_id'));
      const credentials = method.read(request);
      if (!credentials) throw new OAuthError('invalid_client', REFUSED);
      const named = parameters.get('client_id');
      if (named !== undefined && named !== credentials.id) {
        throw new OAuthError('invalid_request', 'client_id names another client than the credentials.');
      }
      const client = await prove(credentials, address);
      if (!client) throw new OAuthError('invalid_client', REFUSED);
      return { client, authenticated: true, confidential: true };
    },
  };
}

async function identifyPublic(engine: Engine, id: string | undefined): Promise<RequestClient> {
  if (id === undefined) throw new OAuthError('invalid_client', 'Client authentication is required.');
  const client = await findStored(engine, 'Client', id);
  if (!client || !isUsable(client.resource)) throw new OAuthError('invalid_client', REFUSED);
  return { client, authenticated: false, confidential: await isConfidential(engine, client) };
}

async function isConfidential(engine: Engine, { key, resource }: Stored): Promise<boolean> {
  if (resource['jwks'] !== undefined || resource['jwks_uri'] !== undefined) return true;
  return (await engine.credentials.of(key, 'secret')).length > 0;
}

/** Throws `invalid_client` where a client that can authenticate did not, and its grant does not excuse it. */
export function requireAuthentication({ authenticated, confidential }: RequestClient, excused: boolean): void {
  if (!authenticated && confidential && !excused) throw new OAuthError('invalid_client', REFUSED);
}

/** Throws `unauthorized_client` where the Client does not list the grant. */
export function requireGrant(client: JsonObject, grant: string): void {
  const listed = client['grant_types'];
  if (Array.isArray(listed) && listed.includes(grant)) return;
  throw new OAuthError('unauthorized_client', 'The client may not use this grant.');
}
