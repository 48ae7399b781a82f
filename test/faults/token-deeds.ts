import { expect } from 'chai';
import type { RequestOptions } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { ask, askUntilDone, type Served } from './ask.ts';
import type { Deed } from './deeds.ts';

/** That of the User ann. */
export const PASSWORD = 'correct-horse';

/** Makes what the deeds are about, as the root client. */
export async function put(server: Served, path: string, json: object): Promise<void> {
  const { reply } = await askUntilDone(server, 'PUT', path, { as: asRoot, json });
  expect(reply.status, reply.text).to.be.oneOf([200, 201]);
}

/** Whether a token is good; undefined where nobody can say. One that is good is never told to be none. */
export async function isGood(server: Served, bearer: string): Promise<boolean | undefined> {
  const said = await ask(server, 'GET', '/auth/userinfo', { as: { bearer } });
  if (said.of !== 'done') return undefined;
  expect(said.reply.status, said.reply.text).to.be.oneOf([200, 401]);
  return said.reply.status === 200;
}

/** Tokens of which every other is revoked: by the token endpoint's own way, or by its holder. */
export class Revocations implements Deed {
  readonly #server: Served;
  readonly #good: string[] = [];
  readonly #revoked: string[] = [];

  constructor(server: Served) {
    this.#server = server;
  }

  async step(at: number): Promise<void> {
    const form = { grant_type: 'client_credentials' };
    const { reply } = await askUntilDone(this.#server, 'POST', '/auth/token', { as: asRoot, form });
    expect(reply.status, reply.text).to.equal(200);
    const token = reply.string('access_token');
    expect(await isGood(this.#server, token)).to.be.oneOf([true, undefined]);
    if (at % 3 === 0) {
      this.#good.push(token);
      return;
    }
    const [method, path, options] = this.#wayTo(token, at);
    const { reply: revoked, again } = await askUntilDone(this.#server, method, path, options);
    expect(revoked.status, revoked.text).to.be.oneOf(again ? [200, 204, 401] : [200, 204]);
    expect(await isGood(this.#server, token), 'a revoked token').to.be.oneOf([false, undefined]);
    this.#revoked.push(token);
  }

  async check(): Promise<void> {
    for (const token of this.#good.slice(-20)) expect(await isGood(this.#server, token)).to.equal(true);
    for (const token of this.#revoked) expect(await isGood(this.#server, token)).to.equal(false);
  }

  #wayTo(token: string, at: number): [method: string, path: string, options: RequestOptions] {
    if (at % 3 === 1) return ['POST', '/auth/revoke', { as: asRoot, form: { token } }];
    return ['DELETE', '/Session', { as: { bearer: token } }];
  }
}

/** Milliseconds for which a spent token gives the same again. */
const RETRY = 10_000;

/**
 * A refresh that was not answered is sent again, as a client does, and gives what it would have given: for ten seconds
 * where it exchanges the token, always where the client keeps it.
 */
export class Refreshes implements Deed {
  readonly #server: Served;
  readonly #client: 'public' | 'confidential';
  readonly #before: string[] = [];
  #access = '';
  #refresh = '';

  constructor(server: Served, client: 'public' | 'confidential') {
    this.#server = server;
    this.#client = client;
  }

  async begin(): Promise<void> {
    const secret = this.#client === 'confidential' ? { secret: 'app-secret' } : {};
    const auth = { password: { refresh_token: true } };
    await put(this.#server, `/Client/${this.#client}`, { grant_types: ['password'], auth, ...secret });
    await this.#take({ grant_type: 'password', username: 'ann', password: PASSWORD });
  }

  async step(): Promise<void> {
    const begun = performance.now();
    const isTaken = await this.#take({ grant_type: 'refresh_token', refresh_token: this.#refresh });
    if (isTaken) return;
    // What the contract says of a public client that comes too late: somebody else may have the token.
    expect([this.#client, performance.now() - begun > RETRY], 'a refresh that is refused').to.eql(['public', true]);
    await this.#take({ grant_type: 'password', username: 'ann', password: PASSWORD });
  }

  async check(): Promise<void> {
    expect(await isGood(this.#server, this.#access)).to.equal(true);
    for (const token of this.#before.slice(-20)) expect(await isGood(this.#server, token)).to.equal(false);
  }

  /** Asks for tokens until that is answered; false where it is refused. */
  async #take(asked: Record<string, string>): Promise<boolean> {
    const secret = this.#client === 'confidential' ? { client_secret: 'app-secret' } : {};
    const form = { ...asked, client_id: this.#client, ...secret };
    const { reply } = await askUntilDone(this.#server, 'POST', '/auth/token', { form });
    if (reply.status === 400) return false;
    expect(reply.status, reply.text).to.equal(200);
    if (this.#access !== '') this.#before.push(this.#access);
    this.#access = reply.string('access_token');
    this.#refresh = reply.string('refresh_token');
    return true;
  }
}
