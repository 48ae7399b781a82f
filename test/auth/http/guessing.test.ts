import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { Reply } from '../../harness/http.ts';
import type { Turned } from '../../harness/in-process.ts';
import { type Api, type Form, startApi } from './api.ts';

const SECRET = 'app-secret';
const USERS = 11;

describe('guessing is slowed (RFC 6749 §2.3.1, RFC 9700)', () => {
  let api: Api;
  before(() => begin());
  after(() => api.stop());
  beforeEach(() => api.pass(16 * 60));

  async function begin(turned: Turned = {}): Promise<void> {
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.0/8' }, undefined, turned);
    await api.put('/Client/app', { secret: SECRET, grant_types: ['password', 'client_credentials', 'basic'] });
    await api.put('/Client/public', { grant_types: ['password'] });
    await api.put('/User/ann', { userName: 'Ann.Smith', email: 'ann@example.com', password: 'correct-horse' });
    await api.put('/AccessPolicy/all', { engine: 'allow', link: [{ reference: 'Client/app' }] });
  }

  const from = (address: string) => ({ 'x-forwarded-for': address });
  const login = (password: string, address = '198.51.100.1', more: Form = {}) =>
    api.token(
      { grant_type: 'password', client_id: 'public', username: 'ann', password, ...more },
      { headers: from(address) },
    );
  const client = (secret: string, address = '198.51.100.1', id = 'app') =>
    api.token({ grant_type: 'client_credentials', client_id: id, client_secret: secret }, { headers: from(address) });
  const times = async (count: number, run: (at: number) => Promise<Reply>) => {
    const statuses: number[] = [];
    for (let at = 0; at < count; at += 1) statuses.push((await run(at)).status);
    return statuses;
  };
  const of = (status: number, count: number) => Array<number>(count).fill(status);

  it('RFC 6749 §4.3.2, RFC 6749 §10.10: 10 failures of an account at an address: then 429', async () => {
    expect(await times(10, (at) => login(`guess-${at}`))).to.eql(of(400, 10));
    const refused = await login('correct-horse');
    expect(refused.status).to.equal(429);
    expect(refused.at('error')).to.equal('too_many_requests');
    expect(Number(refused.header('retry-after'))).to.be.within(1, 900);
    expect(refused.header('cache-control')).to.equal('no-store');
  });

  it('lockout as denial of service: a correct password from elsewhere is let in', async () => {
    await times(12, (at) => login(`guess-${at}`));
    expect((await login('correct-horse', '203.0.113.9')).status).to.equal(200);
    expect((await login('correct-horse')).status).to.equal(429);
  });

  it('ends with its 15 minutes', async () => {
    await times(10, (at) => login(`guess-${at}`));
    const wait = Number((await login('correct-horse')).header('retry-after'));
    api.pass(wait + 1);
    expect((await login('correct-horse')).status).to.equal(200);
  });

  it('guessing on and on: each lock is longer than the one before', async () => {
    const waits: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      expect(await times(10, (at) => login(`guess-${at}`, '198.51.100.20'))).to.eql(of(400, 10));
      const wait = Number((await login('correct-horse', '198.51.100.20')).header('retry-after'));
      waits.push(Math.round(wait / 60));
      api.pass(wait + 1);
    }
    expect(waits).to.eql([15, 30, 60]);
  });

  it('what is right costs nothing, and does not clear what was wrong', async () => {
    await times(9, (at) => login(`guess-${at}`));
    expect(await times(3, () => login('correct-horse'))).to.eql(of(200, 3));
    expect(await times(2, (at) => login(`more-${at}`))).to.eql([400, 429]);
  });

  it('lockout dodged by parallel guesses: of 40 at once at most 10 are compared', async () => {
    const replies = await Promise.all(Array.from({ length: 40 }, (_, at) => login(`guess-${at}`)));
    expect(replies.filter(({ status }) => status === 400)).to.have.length(10);
    expect(replies.filter(({ status }) => status === 429)).to.have.length(30);
  });

  it('lockout dodged by another name of the same account', async () => {
    const names = ['ann', 'Ann.Smith', 'ann@example.com', 'ANN', 'ＡＮＮ'];
    const statuses = await times(USERS, (at) =>
      login(`guess-${at}`, '198.51.100.1', { username: names[at % 5] ?? '' }),
    );
    expect(statuses).to.eql([...of(400, 10), 429]);
  });

  it('RFC 6749 §2.3.1, RFC 7009 §5: lockout dodged by another grant or endpoint: one account everywhere', async () => {
    const headers = from('198.51.100.1');
    const wrong = (at: number) => ({ client_id: 'app', client_secret: `guess-${at}` });
    const ways: ((at: number) => Promise<Reply>)[] = [
      (at) => client(`guess-${at}`),
      (at) => api.token({ grant_type: 'password', username: 'ann', password: 'x', ...wrong(at) }, { headers }),
      (at) => api.request('POST', '/auth/revoke', { form: { token: 'x', ...wrong(at) }, headers }),
      (at) => api.request('POST', '/auth/introspect', { form: { token: 'x', ...wrong(at) }, headers }),
      (at) => api.request('GET', '/Patient', { as: { basic: ['app', `guess-${at}`] }, headers }),
    ];
    const statuses: number[] = [];
    for (let at = 0; at < 10; at += ways.length) {
      for (const [next, way] of ways.entries()) statuses.push((await way(at + next)).status);
    }
    expect(statuses).to.eql(of(401, 10));
    for (const way of ways) expect((await way(99)).status).to.equal(429);
    const basic = await api.request('GET', '/Patient', { as: { basic: ['app', SECRET] }, headers });
    expect(basic.status).to.equal(429);
    expect(basic.at('resourceType')).to.equal('OperationOutcome');
    expect(Number(basic.header('retry-after'))).to.be.within(1, 900);
  });

  it('an unknown account is slowed as a known one is', async () => {
    const statuses = await times(USERS, (at) => login(`guess-${at}`, '198.51.100.1', { username: 'nobody' }));
    expect(statuses).to.eql([...of(400, 10), 429]);
  });

  it('timing of unknown client and user: a guess at nobody is as much work as one at somebody', async () => {
    const other = api;
    await begin({ hashing: 'full' });
    try {
      await compareWork();
    } finally {
      await api.stop();
      api = other;
    }
  });

  async function compareWork(): Promise<void> {
    // Unlike time, it is much the same on a busy machine; what the process does beside it is left out by the lesser.
    const work = async (guess: (at: number) => Promise<Reply>) => {
      const measured: number[] = [];
      for (const first of [0, 5]) {
        const started = process.cpuUsage();
        await times(5, (at) => guess(first + at));
        const { user, system } = process.cpuUsage(started);
        measured.push(user + system);
      }
      return Math.min(...measured);
    };
    const address = '198.51.100.9';
    // What is done for the first time is more work than that.
    await work((at) => client(`guess-${at}`, address, 'anybody'));
    const known = await work((at) => client(`guess-${at}`, address));
    const others: Record<string, (at: number) => Promise<Reply>> = {
      'no client': (at) => client(`guess-${at}`, address, 'nobody'),
      'a client without a secret': (at) => client(`guess-${at}`, address, 'public'),
      'no client, on a resource': (at) =>
        api.request('GET', '/Patient', { as: { basic: ['none', `guess-${at}`] }, headers: from(address) }),
      'a user': (at) => login(`guess-${at}`, address),
      'no user': (at) => login(`guess-${at}`, address, { username: 'nobody' }),
    };
    for (const [who, guess] of Object.entries(others)) {
      expect(await work(guess), who).to.be.within(known / 2, known * 2);
    }
  }

  it('100 failures from an address, whatever the accounts', async () => {
    const statuses = await times(100, (at) => login('guess', '198.51.100.7', { username: `user-${at}` }));
    expect(statuses).to.eql(of(400, 100));
    expect((await login('correct-horse', '198.51.100.7')).status).to.equal(429);
    expect((await login('correct-horse', '198.51.100.8')).status).to.equal(200);
  });

  it('an IPv6 network of 64 bits is one address', async () => {
    const statuses = await times(USERS, (at) => login(`guess-${at}`, `2001:db8:1:2::${at + 1}`));
    expect(statuses).to.eql([...of(400, 10), 429]);
    expect((await login('correct-horse', '2001:db8:1:3::1')).status).to.equal(200);
  });

  it('X-Forwarded-For counts only as far as proxies are trusted', async () => {
    const statuses = await times(USERS, (at) => login(`guess-${at}`, `10.0.0.${at}, 198.51.100.1`));
    expect(statuses).to.eql([...of(400, 10), 429]);
    const other = await startApi();
    await other.put('/Client/public', { grant_types: ['password'] });
    const guess = (at: number) =>
      other.token(
        { grant_type: 'password', client_id: 'public', username: 'ann', password: 'x' },
        { headers: from(`198.51.100.${at}`) },
      );
    expect(await times(USERS, guess)).to.eql([...of(400, 10), 429]);
    await other.stop();
  });
});
