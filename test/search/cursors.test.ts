/** The cursor in a `next` link: callers follow it, and learn nothing else by it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { TestDatabase } from '../harness/database.ts';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { observation } from './about-patients.ts';

const BASE = 'https://ward.example';

describe('search: cursors', () => {
  let database: TestDatabase;
  let server: ClockedServer;
  before(async () => {
    database = await preparedDatabase();
    server = await startClockedServer({ BASE_URL: BASE }, database);
    for (const [at, birthDate] of ['1950-01-01', '1960-01-01', '1970-01-01'].entries()) {
      await ask('PUT', `/Patient/p${at}`, { birthDate });
      await ask('PUT', `/Patient/p${at}`, { birthDate, active: true });
      await ask('PUT', `/Observation/o${at}`, observation('Patient/p0'));
    }
  });
  after(async () => {
    await server.stop();
    await database.drop();
  });

  const ask = async (method: string, path: string, json?: object): Promise<Reply> => {
    const reply = await server.request(method, path, { as: asRoot, ...(json && { json }) });
    expect(reply.status, `${method} ${path}: ${reply.text}`).to.be.oneOf([200, 201]);
    return reply;
  };
  /** The address of the next page, below the base; undefined on the last. */
  const nextOf = (page: Reply) => {
    const links = page.list('link') as { relation: string; url: string }[];
    return links.find(({ relation }) => relation === 'next')?.url.slice(BASE.length);
  };
  const cursorOf = (address = '') => new URL(address, BASE).searchParams.get('_cursor') ?? '';
  const refused = async (path: string) => {
    const reply = await server.request('GET', path, { as: asRoot });
    expect([reply.status, reply.string('issue.0.code')], path).to.eql([400, 'invalid']);
    expect(reply.string('issue.0.diagnostics'), path).to.match(/_cursor is not valid for this search/);
  };

  const PAGED = [
    '/Patient?_count=1',
    '/Patient?_sort=-birthdate,_id&_count=1',
    '/Patient/p0/Observation?_count=1',
    '/Patient/p0/$everything?_count=1',
    '/Patient/p0/_history?_count=1',
    '/Patient/_history?_count=1',
    '/_history?_count=1',
  ];
  for (const path of PAGED) {
    it(`a cursor that tells how much there is is not given: ${path}`, async () => {
      const beginnings: string[] = [];
      for (let at: string | undefined = path; at !== undefined && beginnings.length < 20; ) {
        const page: Reply = await ask('GET', at);
        expect((await ask('GET', at)).text, 'a page stays the same').to.equal(page.text);
        at = nextOf(page);
        if (at !== undefined) beginnings.push(Buffer.from(cursorOf(at), 'base64url').toString('hex', 0, 8));
      }
      // As they are, places begin with the search that they belong to, a type, or a time.
      expect(new Set(beginnings).size).to.equal(beginnings.length);
      if (path !== '/Patient/p0/_history?_count=1') expect(beginnings.length).to.be.greaterThan(1);
    });
  }

  it('is taken in a Bundle and in the form of a search, too', async () => {
    const next = nextOf(await ask('GET', '/Patient?_count=1')) ?? '';
    const entry = [{ request: { method: 'GET', url: next.slice(1) } }];
    const batch = await ask('POST', '/', { resourceType: 'Bundle', type: 'batch', entry });
    expect(batch.at('entry.0.resource.entry.0.resource.id')).to.equal('p1');
    const form = { _count: '1', _cursor: cursorOf(next) };
    const searched = await server.request('POST', '/Patient/_search', { as: asRoot, form });
    expect(searched.at('entry.0.resource.id')).to.equal('p1');
  });

  it('is taken by the server that starts next on the same database', async () => {
    const next = nextOf(await ask('GET', '/Patient?_count=1')) ?? '';
    await server.stop();
    server = await startClockedServer({ BASE_URL: BASE }, database);
    expect((await ask('GET', next)).at('entry.0.resource.id')).to.equal('p1');
  });

  it('is refused where anything of it was changed, or it was made elsewhere', async () => {
    const cursor = cursorOf(nextOf(await ask('GET', '/Patient?_count=1')));
    for (let at = 0; at < cursor.length; at += 1) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      await refused(`/Patient?_count=1&_cursor=${cursor.slice(0, at)}${other}${cursor.slice(at + 1)}`);
    }
    for (const wrong of ['', 'x', cursor.slice(4), `${cursor}AAAA`, `${cursor}=`, `%20${cursor}`]) {
      await refused(`/Patient?_count=1&_cursor=${wrong}`);
    }
    const plain = Buffer.from(JSON.stringify(['print', 1])).toString('base64url');
    await refused(`/Patient?_cursor=${plain}`);
    await refused(`/Patient/_history?_cursor=${Buffer.from('1.1.1').toString('base64url')}`);
    await refused('/Patient/p0/$everything?_cursor=Observation');
  });

  it('is refused by what it was not given for', async () => {
    for (const from of PAGED) {
      const cursor = cursorOf(nextOf(await ask('GET', from)));
      for (const to of PAGED) {
        const isHistory = (path: string) => path.includes('_history');
        if (to === from || (isHistory(from) && isHistory(to))) continue;
        await refused(`${to}&_cursor=${cursor}`);
      }
    }
  });
});
