/** More guesses than can be checked: whoever sends them waits, and nobody else for long. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import { type Api, startApi } from './api.ts';

const FLOODED = ['198.51.100.1', '198.51.100.2'];
const ELSEWHERE = '198.51.100.3';

describe('a flood of guesses', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.0/8' }, undefined, { hashing: 'full' });
    await api.put('/Client/public', { grant_types: ['password'] });
    for (const id of ['ann', 'bob']) await api.put(`/User/${id}`, { password: `${id}-password` });
    // Remembered passwords cost nothing, and the account is known from then on.
    expect((await login('ann', 'ann-password', FLOODED[0])).status).to.equal(200);
  });
  after(() => api.stop());
  beforeEach(() => api.pass(24 * 3600));

  const login = (username: string, password: string, address = ELSEWHERE) =>
    api.token(
      { grant_type: 'password', client_id: 'public', username, password },
      { headers: { 'x-forwarded-for': address } },
    );

  /** Wrong guesses at many accounts, up to the first that is refused because too many wait. */
  async function flood(each: number) {
    const statuses: number[] = [];
    let crowded: (reply: Reply) => void = () => undefined;
    const isCrowded = new Promise<Reply>((resolve) => {
      crowded = resolve;
    });
    const guesses = FLOODED.flatMap((address) => Array.from({ length: each }, (_, at) => ({ address, at })));
    const all = guesses.map(async ({ address, at }) => {
      const reply = await login(`guess-${at}`, 'x', address);
      statuses.push(reply.status);
      if (reply.status === 503) crowded(reply);
    });
    const refused = await isCrowded;
    return { refused, left: () => guesses.length - statuses.length, end: () => Promise.all(all), statuses };
  }

  it('is refused, and told when to come again', async () => {
    const { refused, end, statuses } = await flood(45);
    expect(refused.header('retry-after')).to.equal('2');
    await end();
    expect(new Set(statuses)).to.eql(new Set([400, 503]));
    // One is hashed and fifty wait; on a slow machine some of those have waited too long before their turn comes.
    expect(statuses.filter((status) => status === 400).length).to.be.within(1, statuses.length - 1);
  });

  it('a flood of guesses keeps nobody else out: elsewhere it is the turn of another soon', async () => {
    const { left, end } = await flood(45);
    const reply = await login('bob', 'bob-password');
    expect(reply.status, reply.text).to.equal(200);
    expect(left()).to.be.greaterThan(30);
    await end();
  });

  it('whose account is known from there comes first, even from where the flood comes', async () => {
    const { left, end } = await flood(45);
    const reply = await login('ann', 'ann-password', FLOODED[0]);
    expect(reply.status, reply.text).to.equal(200);
    expect(left()).to.be.greaterThan(30);
    await end();
  });
});
