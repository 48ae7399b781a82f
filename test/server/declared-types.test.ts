/** A type that a YAML file declares is served like any other: validated, searched, guarded, kept secret, told of. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { freshDatabase, type TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

/** The declaration that the documentation shows. */
async function documented(): Promise<string> {
  const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(await readFile('docs/types.md', 'utf8')) ?? [];
  return yaml;
}

const DEPOT = `
name: Depot
elements:
  place: {elements: {latitude: {type: decimal}, longitude: {type: decimal}}}
  under: {type: Reference, targets: [Depot]}
  load: {choice: [string, integer]}
  loading: {type: string}
search:
  around: {kind: special, paths: [[place]]}
  under: {kind: reference, paths: [[under]], targets: [Depot]}
`;

describe('server: a declared type', () => {
  let folder: string;
  let server: ClockedServer;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ward-declared-'));
    await writeFile(path.join(folder, 'ticket.yaml'), await documented());
    await writeFile(path.join(folder, 'depot.yaml'), DEPOT);
    await writeFile(path.join(folder, 'README.txt'), 'not a declaration');
    server = await startClockedServer({ RESOURCE_DEFINITIONS: folder });
    const put = (at: string, json: unknown) => server.request('PUT', at, { as: asRoot, json });
    const replies = [
      await put('/Patient/ana', { name: [{ family: 'Muñoz' }] }),
      await put('/Ticket/one', { ...TICKET, note: [{ text: 'Call', extension: [EXTENSION] }] }),
      await put('/Ticket/two', { title: 'Bed', status: 'closed', subject: { reference: 'Ticket/one' } }),
    ];
    for (const { status, text } of replies) expect(status, text).to.equal(201);
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  const EXTENSION = { url: 'https://ward.example/urgent', valueBoolean: true };
  const TICKET = {
    title: 'Wheelchair',
    status: 'open',
    subject: { reference: 'Patient/ana' },
    duePeriod: { start: '2024-05-01', end: '2024-05-03' },
    pin: 'only-once-1234',
  };

  const SEARCHES: [query: string, ids: string[]][] = [
    ['title=wheel', ['one']],
    ['status=open,closed', ['one', 'two']],
    ['status:not=open', ['two']],
    ['due=2024-05-02', []],
    ['due=ge2024-05-02', ['one']],
    ['due:missing=true', ['two']],
    ['subject:Patient.name=munoz', ['one']],
    ['subject:Ticket.title=wheelchair', ['two']],
    ['_has:Ticket:subject:title=bed', ['one']],
    ['_sort=-title', ['one', 'two']],
  ];
  for (const [query, ids] of SEARCHES) {
    it(`is searched by ${query}`, async () => {
      const reply = await server.request('GET', `/Ticket?${query}`, { as: asRoot });
      const entries = reply.list('entry') as { resource: { id: string } }[];
      expect(entries.map(({ resource }) => resource.id)).to.have.members(ids);
    });
  }

  it('is found by its position', async () => {
    const place = { latitude: 48.21, longitude: 16.37 };
    expect((await server.request('PUT', '/Depot/near', { as: asRoot, json: { place } })).status).to.equal(201);
    for (const [at, total] of [
      ['48.21|16.38|1', 1],
      ['48.21|16.39|1', 0],
    ] as const) {
      const reply = await server.request('GET', `/Depot?around=${encodeURIComponent(at)}`, { as: asRoot });
      expect(reply.at('total'), reply.text).to.equal(total);
    }
  });

  it('is given in part: of a choice its own properties, not others that begin like it', async () => {
    const json = { loadInteger: 3, loading: 'by day' };
    expect((await server.request('PUT', '/Depot/full', { as: asRoot, json })).status).to.equal(201);
    const part = await server.request('GET', '/Depot/full?_elements=load', { as: asRoot });
    expect([part.at('loadInteger'), part.at('loading')], part.text).to.eql([3, undefined]);
    await server.request('DELETE', '/Depot/full', { as: asRoot });
  });

  it('is found along its hierarchy', async () => {
    for (const [id, above] of ['top', 'middle', 'bottom'].map((id, at, all) => [id, all[at - 1]])) {
      const json = above === undefined ? {} : { under: { reference: `Depot/${above}` } };
      expect((await server.request('PUT', `/Depot/${id}`, { as: asRoot, json })).status).to.equal(201);
    }
    const reply = await server.request('GET', '/Depot?under:below=top', { as: asRoot });
    expect(reply.at('total'), reply.text).to.equal(2);
  });

  it('is included, and includes', async () => {
    const reply = await server.request('GET', '/Patient?_revinclude=Ticket:subject', { as: asRoot });
    expect((reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id)).to.eql([
      'ana',
      'one',
    ]);
  });

  const INVALID: [resource: object, code: string, expression: string][] = [
    [{ title: undefined }, 'required', 'Ticket.title'],
    [{ title: 'x'.repeat(201) }, 'value', 'Ticket.title'],
    [{ status: 'lost' }, 'code-invalid', 'Ticket.status'],
    [{ subject: { reference: 'Group/g' } }, 'value', 'Ticket.subject.reference'],
    [{ duePeriod: undefined, dueDate: '2024-02-30' }, 'value', 'Ticket.due.ofType(date)'],
    [{ dueDate: '2024-02-29' }, 'structure', 'Ticket.due'],
    [{ note: [{ author: { display: 'Ann' } }] }, 'required', 'Ticket.note[0].text'],
    [{ colour: 'red' }, 'structure', 'Ticket.colour'],
  ];
  for (const [change, code, expression] of INVALID) {
    it(`is validated: ${expression} ${code}`, async () => {
      const reply = await server.request('PUT', '/Ticket/bad', { as: asRoot, json: { ...TICKET, ...change } });
      expect(reply.status, reply.text).to.equal(422);
      expect(reply.at('issue.0')).to.deep.include({ severity: 'error', code, expression: [expression] });
    });
  }

  it('keeps its secret', async () => {
    for (const at of ['/Ticket/one', '/Ticket', '/Ticket/one/_history', '/Ticket?_elements=pin']) {
      const reply = await server.request('GET', at, { as: asRoot });
      expect(reply.status, at).to.equal(200);
      expect(reply.text, at).not.to.include('only-once');
      expect(reply.text, at).not.to.include('argon2');
    }
    expect((await server.request('GET', '/Ticket?pin=only-once-1234', { as: asRoot })).status).to.equal(400);
    const again = await server.request('PUT', '/Ticket/one', { as: asRoot, json: { ...TICKET, pin: 'another-4321' } });
    expect(again.at('meta.versionId')).to.equal('2');
  });

  it('is guarded', async () => {
    const as = { basic: ['desk', 'desk-secret-1'] } as const;
    const put = (at: string, json: unknown) => server.request('PUT', at, { as: asRoot, json });
    await put('/Client/desk', { secret: 'desk-secret-1', grant_types: ['basic'] });
    expect((await server.request('GET', '/Ticket/two')).status).to.equal(401);
    expect((await server.request('GET', '/Ticket/two', { as })).status).to.equal(403);
    const link = [{ reference: 'Client/desk' }, { resourceType: 'Operation', id: 'Ticket.read' }];
    expect((await put('/AccessPolicy/desk', { engine: 'allow', link })).status).to.equal(201);
    expect((await server.request('GET', '/Ticket/two', { as })).status).to.equal(200);
    expect((await server.request('GET', '/Ticket', { as })).status).to.equal(403);
  });

  it('is told of', async () => {
    const reply = await server.request('GET', '/metadata');
    const types = reply.list('rest.0.resource') as { type: string; searchParam: { name: string }[] }[];
    const told = types.find(({ type }) => type === 'Ticket');
    expect(told?.searchParam.map(({ name }) => name)).to.include.members(['title', 'status', 'subject', 'due', '_id']);
  });
});

describe('server: a declared type that has changed', () => {
  let folder: string;
  let database: TestDatabase;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ward-declared-'));
    database = await freshDatabase();
  });
  after(async () => {
    await database.drop();
    await rm(folder, { recursive: true });
  });

  /** Starts with a declaration and gives what some queries find. */
  async function found(search: string, queries: string[], put?: object[]): Promise<(string[] | number)[]> {
    const declaration = `{name: Note, elements: {a: {type: string}, b: {type: string}}, search: {${search}}}`;
    await writeFile(path.join(folder, 'note.yaml'), declaration);
    const server = await startClockedServer({ RESOURCE_DEFINITIONS: folder }, database);
    if (put) {
      const entry = put.map((note, at) => ({
        request: { method: 'PUT', url: `Note/n${at}` },
        resource: { resourceType: 'Note', id: `n${at}`, ...note },
      }));
      const stored = await server.request('POST', '/', {
        as: asRoot,
        json: { resourceType: 'Bundle', type: 'transaction', entry },
      });
      expect(stored.status, stored.text.slice(0, 400)).to.equal(200);
    }
    const replies = await Promise.all(queries.map((query) => server.request('GET', `/Note?${query}`, { as: asRoot })));
    await server.stop();
    return replies.map((reply) =>
      reply.status === 200
        ? (reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id)
        : reply.status,
    );
  }

  it('is searched by what it says now', async () => {
    const a = 'x: {kind: string, paths: [[a]]}';
    const both = `${a}, y: {kind: string, paths: [[b]]}`;
    const b = 'x: {kind: string, paths: [[b]]}';
    const notes = Array.from({ length: 600 }, (_, at) => ({ a: `a${at}`, b: `b${at}` }));
    expect(await found(a, ['x=a599', 'y=b599'], notes)).to.eql([['n599'], 400]);
    expect(await found(both, ['x=a599', 'y=b599'])).to.eql([['n599'], ['n599']]);
    expect(await found(b, ['x=a599', 'x=b599', 'y=b599'])).to.eql([[], ['n599'], 400]);
    expect(await found(b, ['x=c', 'x=b599'], [{ b: 'c' }])).to.eql([['n0'], ['n599']]);
  });

  it('and INIT_FILE changes what the old declaration has indexed', async () => {
    const file = path.join(folder, 'init.json');
    const start = async (by: string, memo: object) => {
      const definitions = await mkdtemp(`${folder}/memo-`);
      const search = `{x: {kind: string, paths: [[${by}]]}}`;
      const declaration = `{name: Memo, elements: {a: {type: string}, b: {type: string}}, search: ${search}}`;
      await writeFile(`${definitions}/memo.yaml`, declaration);
      await writeFile(file, JSON.stringify([{ resourceType: 'Memo', id: 'm', ...memo }]));
      return startClockedServer({ RESOURCE_DEFINITIONS: definitions, INIT_FILE: file }, database);
    };
    await (await start('a', { a: 'one', b: 'two' })).stop();
    const server = await start('b', { a: 'two', b: 'one' });
    for (const [value, total] of Object.entries({ one: 1, two: 0 })) {
      const reply = await server.request('GET', `/Memo?x=${value}`, { as: asRoot });
      expect(reply.at('total'), reply.text).to.equal(total);
    }
    await server.stop();
  });
});
