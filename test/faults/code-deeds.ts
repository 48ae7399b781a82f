import { expect } from 'chai';
import { type Browser, browserOf, CHALLENGE, codeIn, VERIFIER } from '../auth/http/browser.ts';
import type { Reply } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { askUntilDone, type Served } from './ask.ts';
import type { Deed } from './deeds.ts';
import { isGood, put } from './token-deeds.ts';

const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'browsed',
  redirect_uri: CALLBACK,
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
  scope: 'openid',
};

/** Codes that are exchanged: where nobody knows whether one was, it may be refused, and what it gave is then ended. */
export class CodeExchanges implements Deed {
  readonly #server: Served;
  readonly #browser: Browser;
  readonly #given: { code: string; token: string }[] = [];

  constructor(server: Served) {
    this.#server = server;
    const patient = {
      request: async (...asked: Parameters<Served['request']>) => (await askUntilDone(server, ...asked)).reply,
    };
    this.#browser = browserOf(patient);
  }

  async begin(): Promise<void> {
    const auth = { authorization_code: { redirect_uris: [CALLBACK] } };
    await put(this.#server, '/Client/browsed', { grant_types: ['authorization_code'], first_party: true, auth });
    await this.#browser.authorize(QUERY);
  }

  async step(): Promise<void> {
    const code = codeIn(await this.#browser.open(QUERY));
    const { reply, again } = await this.#exchange(code);
    expect(reply.status, reply.text).to.be.oneOf(again ? [200, 400] : [200]);
    if (reply.status === 200) this.#given.push({ code, token: reply.string('access_token') });
  }

  async check(): Promise<void> {
    for (const { code, token } of this.#given.slice(-20)) {
      expect(await isGood(this.#server, token)).to.equal(true);
      expect((await this.#exchange(code)).reply.status, 'a code that was answered').to.equal(400);
      // Who sends it again has it from somebody else.
      expect(await isGood(this.#server, token)).to.equal(false);
    }
    const ended = this.#given.slice(0, -20).length;
    const open = await this.#server.request('GET', '/Session?client=Client/browsed&active=true', { as: asRoot });
    expect(open.at('total'), 'Sessions that nobody was given').to.equal(ended);
  }

  #exchange(code: string): Promise<{ reply: Reply; again: boolean }> {
    const form = { grant_type: 'authorization_code', client_id: 'browsed', redirect_uri: CALLBACK };
    return askUntilDone(this.#server, 'POST', '/auth/token', { form: { ...form, code, code_verifier: VERIFIER } });
  }
}
