/** A secret is written at the address of its own resource alone: inside of another resource nothing would hash it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const SECRET = 'nested-secret-Hk29';
const CLIENT = { resourceType: 'Client', id: 'nested', name: 'Nested' };
const USER = { resourceType: 'User', id: 'nested' };
const TICKET = { resourceType: 'Ticket', id: 'nested', title: 'Bed', status: 'open' };

const LIST = { status: 'current', mode: 'working' };
const collection = (...resources: object[]) => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource, at) => ({ fullUrl: `http://x.example/${at}`, resource })),
});
const parameters = (resource: object) => ({ resourceType: 'Parameters', parameter: [{ name: 'is', resource }] });
const entry = ['#a', '#b'].map((reference) => ({ item: { reference } }));

const NESTED: [what: string, at: string, body: object, places: string[]][] = [
  ['a Client in a Bundle', '/Bundle', collection({ ...CLIENT, secret: SECRET }), ['Bundle.entry[0].resource.secret']],
  [
    'two secrets of a Client in a Bundle',
    '/Bundle',
    collection({ ...CLIENT, secret: [SECRET, `${SECRET}-too`] }),
    ['Bundle.entry[0].resource.secret'],
  ],
  [
    'contained Clients and Users',
    '/List',
    {
      ...LIST,
      entry,
      contained: [
        { ...CLIENT, id: 'a', secret: SECRET },
        { ...USER, id: 'b', password: SECRET },
      ],
    },
    ['List.contained[0].secret', 'List.contained[1].password'],
  ],
  ['a declared type', '/Bundle', collection({ ...TICKET, pin: SECRET }), ['Bundle.entry[0].resource.pin']],
  [
    'Parameters in a Bundle',
    '/Bundle',
    collection(TICKET, parameters({ ...USER, password: SECRET })),
    ['Bundle.entry[1].resource.parameter[0].resource.password'],
  ],
  [
    'a Bundle in a Bundle',
    '/Bundle',
    collection(collection({ ...CLIENT, secret: SECRET })),
    ['Bundle.entry[0].resource.entry[0].resource.secret'],
  ],
];

describe('resources: secrets inside of other resources', () => {
  let folder: string;
  let server: ClockedServer;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'ward-nested-'));
    const [, ticket = ''] = /```yaml\n(.*?)```/s.exec(await readFile('docs/types.md', 'utf8')) ?? [];
    await writeFile(path.join(folder, 'ticket.yaml'), ticket);
    server = await startClockedServer({ RESOURCE_DEFINITIONS: folder });
  });
  after(async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  });

  for (const [what, at, json, places] of NESTED) {
    it(`a secret inside of another resource is refused: ${what}`, async () => {
      for (const [method, address] of [
        ['POST', at],
        ['PUT', `${at}/nested`],
      ] as const) {
        const reply = await server.request(method, address, { as: asRoot, json });
        expect(reply.status, reply.text).to.equal(422);
        expect(reply.list('issue').map((_, index) => reply.at(`issue.${index}.expression.0`))).to.eql(places);
        expect(reply.at('issue.0.diagnostics')).to.include('write it at the URL of the');
        expect(reply.text).to.not.include(SECRET);
      }
    });
  }

  it('a secret inside of another resource does not come by a patch', async () => {
    const made = await server.request('PUT', '/Bundle/patched', { as: asRoot, json: collection(CLIENT) });
    expect(made.status, made.text).to.equal(201);
    const reply = await server.request('PATCH', '/Bundle/patched', {
      as: asRoot,
      json: [{ op: 'add', path: '/entry/0/resource/secret', value: SECRET }],
      headers: { 'content-type': 'application/json-patch+json' },
    });
    expect(reply.status, reply.text).to.equal(422);
    expect(reply.at('issue.0.expression.0')).to.equal('Bundle.entry[0].resource.secret');
  });

  it('takes secrets where each entry is a request of its own, and where they are validated', async () => {
    const json = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { resource: { ...CLIENT, secret: SECRET }, request: { method: 'PUT', url: 'Client/nested' } },
        { resource: { ...TICKET, pin: SECRET }, request: { method: 'PUT', url: 'Ticket/nested' } },
      ],
    };
    const done = await server.request('POST', '/', { as: asRoot, json });
    expect(done.status, done.text).to.equal(200);
    expect(done.text).to.not.include(SECRET);
    const own = { ...CLIENT, secret: SECRET };
    for (const body of [own, { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: own }] }]) {
      const valid = await server.request('POST', '/Client/$validate', { as: asRoot, json: body });
      expect(valid.at('issue.0.diagnostics')).to.equal('The resource is valid.');
    }
  });
});
