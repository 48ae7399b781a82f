/** The Clients and Users of these tests, and what becomes of them: changed, switched off, deleted, made again. */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Api, Form } from '../auth/http/api.ts';
import type { Identity } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { ACCESS_MS, REFRESH_MS } from './model.ts';

export const CALLBACK = 'https://app.example/callback';

/** How a Client proves who it is, what its tokens look like, and what it may ask for. */
interface Kind {
  proof: 'none' | 'secret' | 'key';
  /** Absent for opaque ones. */
  format?: 'jwt';
  grants: readonly string[];
  /** True where it may refresh without its proof, and gets another refresh token then. */
  excused?: boolean;
}

const PERSONAL = ['password', 'authorization_code'] as const;
export const CLIENTS: Record<string, Kind> = {
  spa: { proof: 'none', grants: PERSONAL },
  mobile: { proof: 'none', format: 'jwt', grants: PERSONAL },
  web: { proof: 'secret', grants: [...PERSONAL, 'client_credentials'] },
  signing: { proof: 'key', format: 'jwt', grants: [...PERSONAL, 'client_credentials'] },
  excused: { proof: 'key', grants: PERSONAL, excused: true },
};
export const USERS = ['ann', 'bob'];
export const ACCOUNTS = [...Object.keys(CLIENTS), ...USERS];

export type Change = 'name' | 'secret' | 'off' | 'gone';

interface Account {
  state: 'on' | 'off' | 'gone';
  /** Counts its secrets. */
  secret: number;
  name: number;
}

export class Accounts {
  readonly #api: Api;
  readonly #key: Awaited<ReturnType<typeof generateKeyPair>>;
  readonly #states = new Map<string, Account>(ACCOUNTS.map((id) => [id, { state: 'gone', secret: 0, name: 0 }]));

  private constructor(api: Api, key: Awaited<ReturnType<typeof generateKeyPair>>) {
    this.#api = api;
    this.#key = key;
  }

  static async make(api: Api): Promise<Accounts> {
    const accounts = new Accounts(api, await generateKeyPair('ES256', { extractable: true }));
    await accounts.restore();
    const link = ACCOUNTS.map((id) => ({ reference: addressOf(id) }));
    await api.put('/AccessPolicy/all', { engine: 'allow', link });
    return accounts;
  }

  isOn(id: string): boolean {
    return this.#stateOf(id).state === 'on';
  }

  passwordOf(id: string): string {
    return `secret-${this.#stateOf(id).secret}`;
  }

  /** All of them are there and may be used again. */
  async restore(): Promise<void> {
    for (const id of ACCOUNTS) if (!this.isOn(id)) await this.#put(id, { state: 'on' });
  }

  /** Changes an account, or switches it on again where it is not; true where that ends its Sessions. */
  async change(id: string, change: Change): Promise<boolean> {
    const { secret, name } = this.#stateOf(id);
    if (!this.isOn(id)) await this.#put(id, { state: 'on' });
    else if (change === 'gone') await this.#remove(id);
    else if (change === 'off') await this.#put(id, { state: 'off' });
    else if (change === 'name' || !hasSecret(id)) await this.#put(id, { name: name + 1 });
    else await this.#put(id, { secret: secret + 1 });
    return change === 'gone' || change === 'off' || (change === 'secret' && hasSecret(id));
  }

  /** The fields by which a Client says who it is. */
  async proofOf(client: string, left: 'out' | 'in' = 'in'): Promise<Form> {
    const kind = CLIENTS[client]?.proof;
    if (left === 'out' || kind === 'none') return { client_id: client };
    if (kind === 'secret') return { client_id: client, client_secret: this.passwordOf(client) };
    const now = Math.floor(this.#api.now() / 1000);
    const audience = `${this.#api.issuer}/auth/token`;
    const claims = { iss: client, sub: client, aud: audience, jti: randomUUID(), iat: now, exp: now + 60 };
    const assertion = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(this.#key.privateKey);
    return {
      client_id: client,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion,
    };
  }

  /** Who asks about the tokens of a Client: itself where it can, else the root client. */
  async introspector(client: string): Promise<{ as?: Identity; form: Form }> {
    const itself = CLIENTS[client]?.proof !== 'none' && this.isOn(client);
    return itself ? { form: await this.proofOf(client) } : { as: asRoot, form: {} };
  }

  #stateOf(id: string): Account {
    const state = this.#states.get(id);
    if (!state) throw new Error(`There is no account ${id}.`);
    return state;
  }

  async #remove(id: string): Promise<void> {
    await this.#api.remove(`/${addressOf(id)}`);
    this.#stateOf(id).state = 'gone';
  }

  async #put(id: string, changes: Partial<Account>): Promise<void> {
    const account = Object.assign(this.#stateOf(id), changes);
    const off = account.state === 'off';
    const client = CLIENTS[id];
    if (!client) {
      const name = { givenName: String(account.name) };
      await this.#api.put(`/User/${id}`, { name, password: this.passwordOf(id), inactive: off });
      return;
    }
    const settings = {
      ...(client.format ? { token_format: client.format } : {}),
      refresh_token: true,
      access_token_expiration: ACCESS_MS / 1000,
      refresh_token_expiration: REFRESH_MS / 1000,
      ...(client.excused ? { secret_required: false } : {}),
    };
    const auth = Object.fromEntries(client.grants.map((grant) => [grant, { ...settings, ...REDIRECTS[grant] }]));
    const known = { name: String(account.name), first_party: true, active: !off };
    await this.#api.put(`/Client/${id}`, {
      ...known,
      ...(await this.#credentialOf(id, client)),
      grant_types: client.grants,
      auth,
    });
  }

  async #credentialOf(id: string, { proof }: Kind): Promise<object> {
    if (proof === 'secret') return { secret: this.passwordOf(id) };
    if (proof === 'none') return {};
    return { jwks: { keys: [{ ...(await exportJWK(this.#key.publicKey)), kid: 'k', alg: 'ES256' }] } };
  }
}

const REDIRECTS: Record<string, object> = { authorization_code: { redirect_uris: [CALLBACK] } };

export function addressOf(id: string): string {
  return `${CLIENTS[id] ? 'Client' : 'User'}/${id}`;
}

function hasSecret(id: string): boolean {
  return CLIENTS[id] === undefined || CLIENTS[id].proof === 'secret';
}
