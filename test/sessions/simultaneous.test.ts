/** Of any number of refreshes that are sent at once, one makes the successor, and all are given it. */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { type Api, type Form, startApi } from '../auth/http/api.ts';
import { runs } from '../harness/generated.ts';
import type { Reply } from '../harness/http.ts';
import { Accounts, CLIENTS } from './accounts.ts';

const AT_ONCE = 20;
/** Those that sign an assertion for each request are tried less: most of their time goes into that. */
const CLIENTS_TRIED = ['spa', 'mobile', 'web', 'spa', 'mobile', 'web', 'signing', 'excused'];

describe('simultaneous refreshes', () => {
  let api: Api;
  let accounts: Accounts;
  before(async () => {
    const begun = Date.now();
    api = await startApi({ AUDIT_RETENTION: '0' }, () => begun);
    await api.put('/Patient/p', {});
    accounts = await Accounts.make(api);
    // A connection that is yet to be opened brings its request after the answer to the first one.
    await Promise.all(Array.from({ length: AT_ONCE }, () => api.request('GET', '/health')));
  });
  after(() => api.stop());

  const login = async (client: string) =>
    api.granted({
      grant_type: 'password',
      username: 'ann',
      password: accounts.passwordOf('ann'),
      ...(await accounts.proofOf(client)),
    });
  const tokenIn = (reply: Reply) => reply.string('refresh_token');
  const refresh = (refresh_token: string, proof: Form) =>
    api.token({ grant_type: 'refresh_token', refresh_token, ...proof });
  const live = async (bearers: Iterable<string>) => {
    const asked = [...bearers].map(async (bearer) => (await api.statusWith(bearer, '/Patient/p')) === 200);
    return (await Promise.all(asked)).filter((good) => good).length;
  };

  /** A Client, how often it had refreshed before, and which of the requests bring its proof. */
  const round = fc.constantFrom(...CLIENTS_TRIED).chain((client) =>
    fc.record({
      client: fc.constant(client),
      before: fc.nat({ max: 2 }),
      proofs: fc.array(CLIENTS[client]?.excused ? fc.boolean() : fc.constant(true), {
        minLength: AT_ONCE,
        maxLength: AT_ONCE,
      }),
    }),
  );

  it(`${AT_ONCE} of them mint one successor each time`, async () => {
    const property = fc.asyncProperty(round, async ({ client, before: earlier, proofs }) => {
      let reply = await login(client);
      const given = [reply.string('access_token')];
      for (let at = 0; at < earlier; at += 1) {
        reply = await refresh(tokenIn(reply), await accounts.proofOf(client));
        given.push(reply.string('access_token'));
      }
      const sent = await Promise.all(proofs.map((prove) => accounts.proofOf(client, prove ? 'in' : 'out')));
      const token = tokenIn(reply);
      const replies = await Promise.all(sent.map((proof) => refresh(token, proof)));
      const good = replies.filter(({ status }) => status === 200);
      const access = new Set(good.map((each) => each.string('access_token')));
      expect(await live([...given, ...access])).to.equal(1);
      // Where some keep the token and others exchange it, they were not after the same successor.
      if (new Set(proofs).size > 1) return;
      expect(good).to.have.length(AT_ONCE);
      expect(access.size).to.equal(1);
      expect(new Set(good.map(tokenIn)).size).to.equal(1);
    });
    await fc.assert(property, runs(1000));
  }).timeout(900_000);
});
