import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { runs } from '../../harness/generated.ts';
import type { Reply } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, refusal, startApi } from './api.ts';

const SECRET = 'app-secret';

describe('refreshes at the same time', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const app = { grant_types: ['password'], auth: { password: { refresh_token: true } } };
    await api.put('/Client/public', app);
    await api.put('/Client/confidential', { ...app, secret: SECRET });
    await api.put('/User/ann', { password: 'correct-horse' });
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'User/ann' }] });
  });
  after(() => api.stop());

  const proofOf = (client: string) => (client === 'public' ? {} : { client_secret: SECRET });
  const login = (client: string) =>
    api.granted({
      grant_type: 'password',
      client_id: client,
      username: 'ann',
      password: 'correct-horse',
      ...proofOf(client),
    });
  const refresh = (client: string, token: string) =>
    api.token({ grant_type: 'refresh_token', client_id: client, refresh_token: token, ...proofOf(client) });
  const values = (replies: Reply[], name: string) => new Set(replies.map((reply) => reply.string(name)));

  for (const client of ['public', 'confidential']) {
    it(`concurrent refresh mints several successors: of 20 by a ${client} client all get the same one`, async () => {
      for (let round = 0; round < runs(20).numRuns; round += 1) {
        const token = (await login(client)).string('refresh_token');
        const replies = await Promise.all(Array.from({ length: 20 }, () => refresh(client, token)));
        expect(replies.map(({ status }) => status)).to.eql(Array(20).fill(200));
        expect(values(replies, 'access_token').size).to.equal(1);
        expect(values(replies, 'refresh_token').size).to.equal(1);
        const [bearer = ''] = values(replies, 'access_token');
        expect(await api.statusWith(bearer)).to.equal(200);
      }
    });

    it(`of 20 by a ${client} client all are good though the first is used before the last is answered`, async () => {
      for (let round = 0; round < runs(20).numRuns; round += 1) {
        const token = (await login(client)).string('refresh_token');
        const refreshes = Array.from({ length: 20 }, () => refresh(client, token));
        const first = await Promise.race(refreshes);
        expect(await api.statusWith(first.string('access_token'))).to.equal(200);
        const replies = await Promise.all(refreshes);
        expect(replies.map(({ status }) => status)).to.eql(Array(20).fill(200));
        expect(values(replies, 'access_token').size).to.equal(1);
        expect(await api.statusWith(first.string('access_token'))).to.equal(200);
      }
    });

    it(`refresh racing revoke: whichever wins, nothing of a ${client} client is good afterwards`, async () => {
      for (let round = 0; round < runs(60).numRuns; round += 1) {
        const token = (await login(client)).string('refresh_token');
        const ending = () =>
          api.request('POST', '/auth/revoke', { form: { token, client_id: client, ...proofOf(client) } });
        const [refreshed, ended] = await Promise.all(
          round % 2 === 0 ? [refresh(client, token), ending()] : [ending(), refresh(client, token)].reverse(),
        );
        expect([refreshed?.status, ended?.status]).to.include(200);
        const reply = [refreshed, ended].find((each) => each?.at('access_token') !== undefined);
        if (!reply) continue;
        expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
        expect(refusal(await refresh(client, reply.string('refresh_token')))).to.equal('400 invalid_grant');
      }
    });
  }

  it('of 20 by a client whose secret has to be hashed for each all get the same one', async () => {
    const token = (await login('confidential')).string('refresh_token');
    api.pass(61);
    const replies = await Promise.all(Array.from({ length: 20 }, () => refresh('confidential', token)));
    expect(replies.map(({ status }) => status)).to.eql(Array(20).fill(200));
    expect(values(replies, 'access_token').size).to.equal(1);
  });

  it('of several that follow each other each gets a new one, though none was used', async () => {
    const token = (await login('confidential')).string('refresh_token');
    const replies = [];
    for (let at = 0; at < 5; at += 1) replies.push(await refresh('confidential', token));
    expect(values(replies, 'access_token').size).to.equal(5);
  });

  it('a refresh racing a change of the password leaves no token behind', async () => {
    for (let round = 0; round < runs(40).numRuns; round += 1) {
      const token = (await login('public')).string('refresh_token');
      const changed = api.request('PUT', '/User/ann', { as: asRoot, json: { password: 'another-one' } });
      const [reply] = await Promise.all([refresh('public', token), changed]);
      if (reply.status === 200) expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
      await api.put('/User/ann', { password: 'correct-horse' });
    }
    // Each round hashes three times.
  });

  it('a login racing a change of its password leaves no token behind', async () => {
    let password = 'correct-horse';
    for (let round = 0; round < runs(100).numRuns; round += 1) {
      // The guesses that these rounds look like are of another quarter of an hour.
      api.pass(16 * 60);
      const next = `another-${round}`;
      const changed = api.request('PUT', '/User/ann', { as: asRoot, json: { password: next } });
      // Some of these rounds begin while the new password is hashed, and end after it has been stored.
      await setTimeout(8 * (round % 10));
      const form = { grant_type: 'password', client_id: 'public', username: 'ann', password };
      const [reply] = await Promise.all([api.token(form), changed]);
      if (reply.status === 200) expect(await api.statusWith(reply.string('access_token'))).to.equal(401);
      else expect(refusal(reply)).to.equal('400 invalid_grant');
      password = next;
    }
    await api.put('/User/ann', { password: 'correct-horse' });
    // Each round hashes three times.
  });

  it('a retry racing the use of the successor never leaves two live tokens', async () => {
    const first = (await login('public')).string('refresh_token');
    const second = (await refresh('public', first)).string('refresh_token');
    const [used, again] = await Promise.all([refresh('public', second), refresh('public', first)]);
    const good = [];
    for (const reply of [used, again]) {
      if (reply.status === 200 && (await api.statusWith(reply.string('access_token'))) === 200) good.push(reply);
    }
    expect(good.length).to.be.at.most(1);
  });
});
