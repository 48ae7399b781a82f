/** What is no way to guess a secret: neither the answer nor the work tells a right guess from a wrong one. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Identity, Reply } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { type Api, startApi } from './api.ts';

const PASSWORD = 'correct-horse';
const [ROUNDS, TURNS] = [3, 3];

describe('work at guesses', () => {
  let api: Api;
  let self: Identity;
  before(async () => {
    api = await startApi({}, undefined, { hashing: 'full' });
    await api.put('/Client/public', { grant_types: ['password'] });
    for (const id of ['ann', 'bob']) await api.put(`/User/${id}`, { password: PASSWORD });
    await api.put('/AccessPolicy/self', {
      engine: 'criteria',
      resource: 'User',
      interaction: ['read', 'update'],
      criteria: '_id={{user.id}}',
      link: [{ reference: 'User/ann' }],
    });
    self = { bearer: (await api.granted(login('ann', PASSWORD))).string('access_token') };
  });
  after(() => api.stop());

  const login = (username: string, password: string) => ({
    grant_type: 'password',
    client_id: 'public',
    username,
    password,
  });
  const write = (path: string, password: string, as = self) =>
    api.request('PUT', path, { as, json: { password }, headers: { 'if-match': 'W/"99"' } });

  /** Microseconds of work that some requests take: unlike time, others do not add to it. The least of three rounds. */
  async function work(ask: (at: number) => Promise<Reply>, status: number): Promise<number> {
    const measured: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = process.cpuUsage();
      for (let at = 0; at < TURNS; at += 1) expect((await ask(at)).status).to.equal(status);
      const { user, system } = process.cpuUsage(started);
      measured.push(user + system);
    }
    return Math.min(...measured);
  }

  it('guessing by writes at what is hidden: the secret there is not compared', async () => {
    await work((at) => write('/User/nobody', `guess ${at}`), 403);
    const nobody = await work((at) => write('/User/nobody', `guess ${at}`), 403);
    for (const [what, guess] of [
      ['right', () => PASSWORD],
      ['wrong', (at: number) => `guess ${at}`],
    ] as const) {
      const hidden = await work((at) => write('/User/bob', guess(at)), 403);
      expect(hidden, what).to.be.within(nobody / 1.4, nobody * 1.4);
    }
  });

  it('guessing by writes that fail: right and wrong are the same work', async () => {
    for (const [who, path, as] of [
      ['of oneself', '/User/ann', self],
      ['of anybody', '/User/bob', asRoot],
    ] as const) {
      const wrong = await work((at) => write(path, `guess ${at}`, as), 412);
      const right = await work(() => write(path, PASSWORD, as), 412);
      expect(right, who).to.be.within(wrong / 1.4, wrong * 1.4);
    }
  });

  it('guesses at an account that is switched off: right and wrong are the same work, again and again', async () => {
    await api.put('/User/off', { password: PASSWORD, inactive: true });
    const wrong = await work((at) => api.token(login('off', `guess ${at}`)), 400);
    // Ten failures are let in.
    api.pass(16 * 60);
    const right = await work(() => api.token(login('off', PASSWORD)), 400);
    expect(right).to.be.within(wrong / 1.4, wrong * 1.4);
  });
});
