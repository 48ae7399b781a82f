/** Generated requests: each is answered without a server error, and no caller changes what it may not change. */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { LONG, runs } from '../harness/generated.ts';
import { asRoot, ROOT } from '../harness/server.ts';
import { Callers, SECRETS } from './callers.ts';
import { check, pathOf } from './checks.ts';
import { type FuzzRequest, request, written } from './requests.ts';
import { exchange, type RawReply } from './wire.ts';

/** Requests in flight at once; 100,000 in total, of which the ordinary run sends a fortieth. */
const AT_ONCE = 50;
const BATCHES = LONG ? 2_000 : 50;

/** The system of the server's own AuditEvents, which no caller can write. */
const OWN_ACCOUNT = 'urn:ward:audit-event';

interface Entry {
  fullUrl: string;
  /** Undefined for a deletion. */
  resource?: Version;
}

interface Version {
  resourceType: string;
  id: string;
  gender?: string;
}

describe('generated requests', () => {
  let api: Api;
  let callers: Callers;
  let held: string[];
  let sending: Promise<void>;
  before(async function () {
    this.timeout(3_600_000);
    // With `FUZZ_LOG=error` the server logs the cause of an internal error.
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.1/32', LOG_LEVEL: process.env['FUZZ_LOG'] ?? 'silent' });
    callers = new Callers(api);
    await callers.settle();
    held = await untouchable();
    sending = sendAll();
    // Each test checks the results of all requests; the first reports an error.
    await sending.catch(() => undefined);
  });
  after(() => api.stop());

  /** Returns every version of every resource, newest first. */
  async function history(): Promise<Entry[]> {
    const entries: Entry[] = [];
    let path: string | undefined = '/_history?_count=1000';
    while (path !== undefined) {
      const reply = await api.request('GET', path, { as: asRoot });
      expect(reply.status, reply.text).to.equal(200);
      entries.push(...(reply.list('entry') as Entry[]));
      const links = reply.list('link') as { relation: string; url: string }[];
      const next = links.find(({ relation }) => relation === 'next')?.url;
      path = next === undefined ? undefined : next.slice(next.indexOf('/', 'http://'.length));
    }
    return entries;
  }

  /**
   * Returns what no caller may change: everything but Sessions, the server's own AuditEvents, and rows that some
   * callers may write.
   */
  async function untouchable(): Promise<string[]> {
    const entries = await history();
    const versions = entries.flatMap(({ resource }) => (resource ? [resource] : []));
    const rows = new Set(versions.filter(({ gender }) => gender === 'female').map(({ id }) => `Patient/${id}`));
    const others = new Set(versions.filter(({ gender }) => gender !== 'female').map(nameOf));
    return entries
      .filter(({ fullUrl }) => {
        const name = fullUrl.split('/').slice(-2).join('/');
        return !name.startsWith('Session/') && (others.has(name) || !rows.has(name));
      })
      .map((each) => JSON.stringify(each))
      .filter((text) => !text.includes(OWN_ACCOUNT))
      .sort();
  }

  async function send(sent: FuzzRequest): Promise<void> {
    const bytes = written(sent, (text) => callers.fill(text));
    try {
      const reply = await exchange(api.port, { bytes, whole: sent.framing !== 'more' });
      if (!reply) {
        const unanswered = sent.framing === 'more' || sent.method === 'CONNECT';
        expect(unanswered, 'the connection was ended without an answer').to.equal(true);
        return;
      }
      if (isGrant(sent, reply)) callers.granted += 1;
      check(sent, reply, [...SECRETS, ROOT.secret, ...callers.tokens()]);
    } catch (cause) {
      throw new Error(bytes.subarray(0, 3000).toString('latin1'), { cause });
    }
  }

  async function sendAll(): Promise<void> {
    const property = fc.asyncProperty(fc.array(request, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
      await callers.renew();
      await Promise.all(batch.map(send));
    });
    await fc.assert(property, { ...runs(BATCHES), numRuns: BATCHES, endOnFailure: true });
  }

  it('are answered, none by a fault, and none tells a secret', () => sending);

  it('have changed nothing that was not theirs to change', async () => {
    expect(await untouchable()).to.eql(held);
  });

  it('have left no secret in what is stored', async () => {
    const text = JSON.stringify(await history());
    for (const secret of [...SECRETS, ROOT.secret, ...callers.tokens()])
      expect(text).to.satisfy((all: string) => !all.includes(secret));
  });

  it('have begun as many Sessions as were granted', async () => {
    const reply = await api.request('GET', '/Session?_summary=count', { as: asRoot });
    expect(reply.at('total')).to.equal(callers.granted);
  });

  it('have left the server as it was', async () => {
    expect((await api.request('GET', '/health')).status).to.equal(200);
    expect((await api.request('GET', '/Patient/m', { as: asRoot })).at('gender')).to.equal('male');
  });
});

function nameOf({ resourceType, id }: Version): string {
  return `${resourceType}/${id}`;
}

/** Returns true if a new Session was granted; a refresh continues an existing one. */
function isGrant({ method, target, body }: FuzzRequest, { status, text }: RawReply): boolean {
  if (method !== 'POST' || pathOf(target) !== '/auth/token' || status !== 200) return false;
  return text.includes('access_token') && !/grant_type\W+refresh_token/.test(String(body?.bytes));
}
