/** The answer to a commit is lost with its connection: the write is stored, and nobody is told that it is not. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from '../auth/http/browser.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import type { Reply, RequestOptions } from '../harness/http.ts';
import { asRoot } from '../harness/server.ts';
import { entry } from '../interactions/bundles.ts';
import { askUntilDone, isInDoubt } from './ask.ts';
import { statusOf } from './bundle-deeds.ts';
import { behindRelay } from './relayed.ts';
import { isGood, PASSWORD, put } from './token-deeds.ts';

/** What a statement is known by on a connection that has had its text before. */
const COMMIT = createHash('sha256').update('COMMIT').digest('hex').slice(0, 40);
const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: between a commit and its answer', function () {
  this.timeout(60_000);
  const relayed = behindRelay();
  before(async () => {
    const { server } = relayed;
    const auth = { password: { refresh_token: true }, authorization_code: { redirect_uris: [CALLBACK] } };
    const grants = ['password', 'authorization_code'];
    await put(server, '/Client/app', { grant_types: grants, first_party: true, auth });
    await put(server, '/User/ann', { password: PASSWORD });
  });

  /** Asks for something else each time until the answer to the commit of it is lost, of which the caller is told. */
  async function lost<Asked>(make: () => Promise<Asked>, ask: (made: Asked) => Promise<Reply>): Promise<Asked> {
    for (;;) {
      const made = await make();
      relayed.relay.swallow(COMMIT);
      const { status, text, ...reply } = await ask(made);
      // A chore of the server may have been the one that committed.
      if (status !== 503 || !isInDoubt(text)) continue;
      expect(reply.headers['retry-after']).to.equal('1');
      return made;
    }
  }

  const send = (method: string, path: string, options: RequestOptions) =>
    relayed.server.request(method, path, { as: asRoot, ...options });
  const token = async (form: Record<string, string>) =>
    (await askUntilDone(relayed.server, 'POST', '/auth/token', { form: { client_id: 'app', ...form } })).reply;
  const login = () => token({ grant_type: 'password', username: 'ann', password: PASSWORD });
  const ask = (form: Record<string, string>) =>
    relayed.server.request('POST', '/auth/token', { form: { client_id: 'app', ...form } });

  let made = 0;
  const newId = async () => {
    made += 1;
    return `p${made}`;
  };

  it('a transaction is there whole', async () => {
    const id = await lost(newId, (id) => {
      const entries = ['a', 'b'].map((end) =>
        entry(`PUT Patient/${id}${end}`, { resourceType: 'Patient', id: `${id}${end}` }),
      );
      return send('POST', '/', { json: { resourceType: 'Bundle', type: 'transaction', entry: entries } });
    });
    for (const end of ['a', 'b']) expect(await statusOf(relayed.server, `${id}${end}`)).to.equal(200);
  });

  it('a deleted resource is gone', async () => {
    const make = async () => {
      const id = await newId();
      await put(relayed.server, `/Patient/${id}`, {});
      return id;
    };
    const id = await lost(make, (id) => send('DELETE', `/Patient/${id}`, {}));
    expect(await statusOf(relayed.server, id)).to.equal(410);
  });

  it('a refresh is answered when it is sent again, with tokens that are good', async () => {
    const make = async () => (await login()).string('refresh_token');
    const refresh_token = await lost(make, (sent) => ask({ grant_type: 'refresh_token', refresh_token: sent }));
    const reply = await token({ grant_type: 'refresh_token', refresh_token });
    expect(reply.status, reply.text).to.equal(200);
    expect(await isGood(relayed.server, reply.string('access_token'))).to.equal(true);
    const next = await token({ grant_type: 'refresh_token', refresh_token: reply.string('refresh_token') });
    expect(next.status, next.text).to.equal(200);
  });

  it('a revoked token is none', async () => {
    const make = async () => (await login()).string('access_token');
    const token = await lost(make, (bearer) => send('DELETE', '/Session', { as: { bearer } }));
    expect(await isGood(relayed.server, token)).to.equal(false);
  });

  it('a code is spent, and what it gave is ended by whoever sends it again', async () => {
    const browser = browserOf({
      request: async (...asked: Parameters<typeof send>) => (await askUntilDone(relayed.server, ...asked)).reply,
    });
    await browser.authorize(QUERY);
    const form = { grant_type: 'authorization_code', redirect_uri: CALLBACK, code_verifier: VERIFIER };
    const code = await lost(
      async () => codeIn(await browser.open(QUERY)),
      (sent) => ask({ ...form, code: sent }),
    );
    const open = async () => (await send('GET', '/Session?type=authorization_code&active=true', {})).at('total');
    const before = Number(await open());
    expect((await token({ ...form, code })).status).to.equal(400);
    expect(await open()).to.equal(before - 1);
  });
});
