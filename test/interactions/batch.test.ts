/** `batch` Bundles: each entry has its own outcome (FHIR R4 §3.1.0.11.1), and what no Bundle may be. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { binary, type Entry, entry, issue, send, statuses } from './bundles.ts';

const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more });

describe('interactions: batch', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    await server.request('PUT', '/Patient/there', { as: asRoot, json: patient('there') });
  });
  after(() => server.stop());

  const batch = (entries: unknown[], options = {}) => send(server, 'batch', entries, options);

  it('an entry that fails costs the others nothing, and order is kept', async () => {
    const reply = await batch([
      entry('GET Patient/nowhere'),
      entry('POST Patient', patient('made')),
      entry('PUT Patient/there', patient('there', { gender: 'unknowable' })),
      entry('GET Patient/there'),
      entry('DELETE Patient/nowhere'),
      {},
      entry('PATCH Patient/there', binary([{ op: 'add', path: '/gender', value: 'male' }])),
    ]);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.at('type')).to.equal('batch-response');
    expect(statuses(reply)).to.deep.equal(['404', '201', '422', '200', '204', '422', '200']);
    expect(issue(reply, 'entry.0.response.outcome.issue.0')).to.match(/^not-found/);
    expect(issue(reply, 'entry.2.response.outcome.issue.0')).to.equal('code-invalid Patient.gender');
    expect(issue(reply, 'entry.5.response.outcome.issue.0')).to.equal('required Bundle.entry[5].request');
    expect(reply.at('entry.3.resource.gender')).to.equal('male');
  });

  it('links between entries are not resolved: they know nothing of each other', async () => {
    const fullUrl = 'urn:uuid:33333333-3333-4333-8333-333333333333';
    const link = { link: [{ other: { reference: fullUrl }, type: 'seealso' }] };
    const reply = await batch([
      entry('POST Patient', patient('a'), {}, fullUrl),
      entry('POST Patient', patient('b', link)),
    ]);
    expect(reply.at('entry.1.resource.link.0.other.reference')).to.equal(fullUrl);
    const conditional = { link: [{ other: { reference: 'Patient?family=a' }, type: 'seealso' }] };
    expect(statuses(await batch([entry('POST Patient', patient('b', conditional))]))).to.deep.equal(['422']);
  });

  it('what is no element of a request, an entry or a Bundle is refused: a condition could be misspelt', async () => {
    const misspelt = [
      entry('POST Patient', patient('misspelt'), { ifNoneExists: 'family=misspelt' }),
      entry('PUT Patient/there', patient('misspelt'), { ifmatch: 'W/"99"' }),
      { ...entry('POST Patient', patient('misspelt')), fullURL: 'urn:uuid:33333333-3333-4333-8333-333333333333' },
      {
        ...entry('POST Patient', patient('misspelt')),
        modifierExtension: [{ url: 'http://a.example', valueCode: 'a' }],
      },
      { ...entry('POST Patient', patient('misspelt')), 'no name': true },
    ];
    const reply = await batch(misspelt);
    expect(reply.list('entry').map((_each, index) => issue(reply, `entry.${index}.response.outcome.issue.0`))).to.eql([
      'structure Bundle.entry[0].request.ifNoneExists',
      'structure Bundle.entry[1].request.ifmatch',
      'structure Bundle.entry[2].fullURL',
      'structure Bundle.entry[3].modifierExtension',
      'structure Bundle.entry[4]',
    ]);
    const transaction = await send(server, 'transaction', misspelt.slice(0, 1));
    expect([transaction.status, issue(transaction)]).to.eql([422, 'structure Bundle.entry[0].request.ifNoneExists']);
    const json = { resourceType: 'Bundle', type: 'transaction', entries: [entry('POST Patient', patient('misspelt'))] };
    const whole = await server.request('POST', '/', { as: asRoot, json });
    expect([whole.status, issue(whole)]).to.eql([422, 'structure Bundle.entries']);
    expect((await server.request('GET', '/Patient?family=misspelt', { as: asRoot })).at('total')).to.equal(0);
  });

  it('what a request does not need is passed over', async () => {
    const further = { id: 'a', extension: [{ url: 'http://a.example', valueCode: 'a' }], _url: { id: 'b' } };
    const { request, ...rest } = entry('GET Patient/there', patient('unread'));
    const search = { mode: 'match' };
    const reply = await batch([
      { ...rest, id: 'c', search, response: { status: '200' }, request: { ...request, ...further } },
    ]);
    expect(statuses(reply)).to.eql(['200']);
  });

  it('a hundred entries with one condition make one resource', async () => {
    const resource = patient('once', { identifier: [{ value: 'once' }] });
    const made = entry('POST Patient', resource, { ifNoneExist: 'identifier=once' });
    const reply = await batch(Array.from({ length: 100 }, () => made));
    expect(statuses(reply).sort()).to.deep.equal([...Array.from({ length: 99 }, () => '200'), '201']);
    expect((await server.request('GET', '/Patient?identifier=once', { as: asRoot })).at('total')).to.equal(1);
  });

  it('entries about one resource are done in their order, whatever each of them takes', async () => {
    const client = (name: string, more = {}) => ({ resourceType: 'Client', name, ...more });
    const gender = (value: string) => binary([{ op: 'add', path: '/gender', value }]);
    const reply = await batch([
      // A secret is hashed before it is stored, so that this one takes longest.
      entry('PUT Client/in-turn', client('first', { secret: 'a secret of the first' })),
      entry('PUT Client/in-turn', client('second')),
      entry('PUT Patient/in-turn', patient('first')),
      entry('PUT Patient/in-turn', patient('second', { identifier: [{ value: 'in-turn' }] })),
      entry('PATCH Patient/in-turn', gender('male')),
      entry('PUT Patient?identifier=by-criteria', patient('first', { identifier: [{ value: 'by-criteria' }] })),
      entry('PUT Patient?identifier=by-criteria', patient('second', { identifier: [{ value: 'by-criteria' }] })),
    ]);
    expect(statuses(reply), reply.text).to.deep.equal(['201', '200', '201', '200', '200', '201', '200']);
    expect((await server.request('GET', '/Client/in-turn', { as: asRoot })).at('name')).to.equal('second');
    const [one, other] = await Promise.all(
      ['/Patient/in-turn', `/Patient/${reply.string('entry.6.resource.id')}`].map((path) =>
        server.request('GET', path, { as: asRoot }),
      ),
    );
    expect([one?.at('name.0.family'), one?.at('gender'), other?.at('name.0.family')]).to.deep.equal([
      'second',
      'male',
      'second',
    ]);
  });

  it('comes and goes as YAML', async () => {
    const yaml = 'resourceType: Bundle\ntype: batch\nentry:\n- request: {method: GET, url: Patient/there}\n';
    const reply = await server.request('POST', '/', { as: asRoot, yaml, headers: { accept: 'text/yaml' } });
    expect(reply.header('content-type')).to.include('text/yaml');
    expect(reply.at('entry.0.resource.id')).to.equal('there');
  });

  const posted = patient('posted');
  const entries: [about: string, made: unknown, status: number, issue: string][] = [
    ['no object', 7, 422, 'required .request'],
    ['no request', { resource: posted }, 422, 'required .request'],
    ['no method', { request: { url: 'Patient' } }, 422, 'required .request.method'],
    ['a method in lower case', entry('post Patient', posted), 422, 'code-invalid .request.method'],
    ['another method', entry('TRACE Patient'), 422, 'code-invalid .request.method'],
    ['a method of Object', entry('constructor Patient'), 422, 'code-invalid .request.method'],
    ['no url', { request: { method: 'GET' } }, 422, 'required .request.url'],
    ['an empty url', entry('GET '), 422, 'required .request.url'],
    ['a url that is no text', { request: { method: 'GET', url: ['Patient'] } }, 422, 'required .request.url'],
    ['the token endpoint', entry('POST auth/token', posted), 422, 'value .request.url'],
    ['the token endpoint, absolute', entry('POST /auth/token', posted), 422, 'value .request.url'],
    ['the base itself', entry('POST /', posted), 422, 'value .request.url'],
    ['the base itself, with a query', entry('POST ?_format=json', posted), 422, 'value .request.url'],
    ['another host', entry('GET https://elsewhere.example/Patient/there'), 422, 'value .request.url'],
    ['another host without a scheme', entry('GET //elsewhere.example/Patient'), 422, 'value .request.url'],
    ['a path upwards', entry('GET Patient/../Client/root'), 422, 'value .request.url'],
    ['a path in percents', entry('GET Patient%2Fthere'), 422, 'value .request.url'],
    ['a doubled slash', entry('GET Patient//there'), 422, 'value .request.url'],
    ['a slash at the end', entry('GET Patient/there/'), 422, 'value .request.url'],
    ['a line break', entry('GET Patient/there\r\nX: y'), 422, 'value .request.url'],
    [
      'a method that the address does not take',
      entry('POST Patient/there', posted),
      405,
      'not-supported .request.method',
    ],
    ['an operation that is none', entry('POST Patient/$explode', posted), 422, 'value .request.url'],
    [
      'an operation by a method that it does not take',
      entry('GET Patient/$validate'),
      405,
      'not-supported .request.method',
    ],
    ['well-known documents', entry('GET .well-known/jwks.json'), 422, 'value .request.url'],
    ['the health of the server', entry('GET health'), 422, 'value .request.url'],
    ['a type that is none', entry('GET Spaceship/1'), 404, 'not-supported'],
    ['the name of a method of objects as a type', entry('GET constructor/1'), 422, 'value .request.url'],
    ['the name of a prototype as a type', entry('GET __proto__/1'), 422, 'value .request.url'],
    ['no resource', entry('POST Patient'), 422, 'required .resource'],
    ['a type that is none and a body', entry('POST Spaceship', posted), 404, 'not-supported'],
    [
      'another type than the address says',
      entry('POST Patient', { resourceType: 'User' }),
      400,
      'structure .resource.resourceType',
    ],
    [
      'a Parameters for a resource',
      entry('POST Patient', { resourceType: 'Parameters' }),
      400,
      'structure .resource.resourceType',
    ],
    [
      'another id than the address says',
      entry('PUT Patient/x', patient('x', { id: 'y' })),
      400,
      'structure .resource.id',
    ],
    [
      'a header that is no text',
      { resource: posted, request: { method: 'POST', url: 'Patient', ifNoneExist: {} } },
      422,
      'value .request.ifNoneExist',
    ],
    ['a fullUrl that is no text', { ...entry('GET Patient'), fullUrl: 7 }, 422, 'value .fullUrl'],
    ['a query that is not one', entry('GET Patient?name=%zz'), 400, 'structure'],
    [
      'a patch without data',
      entry('PATCH Patient/there', { resourceType: 'Binary', contentType: 'application/json-patch+json' }),
      400,
      'structure .resource.data',
    ],
    [
      'a patch that is not in base64',
      entry('PATCH Patient/there', { resourceType: 'Binary', contentType: 'application/json-patch+json', data: '[]' }),
      400,
      'structure .resource.data',
    ],
    ['a patch of another content type', entry('PATCH Patient/there', binary([], 'text/plain')), 415, 'not-supported'],
    ['a FHIRPath patch', entry('PATCH Patient/there', { resourceType: 'Parameters' }), 422, 'business-rule .resource'],
  ];
  for (const [about, made, status, expected] of entries) {
    it(`an entry with ${about}: ${status}, in a batch its own, in a transaction that of all`, async () => {
      const [code = '', at = ''] = expected.split(' ');
      const reply = await batch([made, entry('GET Patient/there')]);
      expect(statuses(reply), reply.text).to.deep.equal([String(status), '200']);
      expect(issue(reply, 'entry.0.response.outcome.issue.0')).to.match(new RegExp(`^${code} `));
      const whole = await send(server, 'transaction', [entry('GET Patient/there'), made]);
      expect([whole.status, issue(whole)]).to.deep.equal([status, `${code} Bundle.entry[1]${at}`]);
    });
  }

  const bundles: [about: string, json: object, status: number, issue: string][] = [
    ['no Bundle', posted, 400, 'structure Bundle.resourceType'],
    ['no type', { resourceType: 'Bundle' }, 422, 'business-rule Bundle.type'],
    ['a searchset', { resourceType: 'Bundle', type: 'searchset' }, 422, 'business-rule Bundle.type'],
    ['a list as its type', { resourceType: 'Bundle', type: ['batch'] }, 422, 'business-rule Bundle.type'],
    ['entries that are no list', { resourceType: 'Bundle', type: 'batch', entry: {} }, 400, 'structure Bundle.entry'],
    [
      'more entries than are taken',
      { resourceType: 'Bundle', type: 'batch', entry: Array.from({ length: 2001 }, () => 0) },
      413,
      'too-long Bundle.entry',
    ],
  ];
  for (const [about, json, status, expected] of bundles) {
    it(`${about}: ${status}`, async () => {
      const reply = await server.request('POST', '/', { as: asRoot, json });
      expect([reply.status, issue(reply)]).to.deep.equal([status, expected]);
    });
  }

  it('addresses of this server may be absolute', async () => {
    const { host } = new URL(server.url);
    const base = `http://localhost:${host.split(':')[1]}`;
    const made: Entry[] = ['', '/fhir'].map((twin) => entry(`GET ${base}${twin}/Patient/there`));
    expect(statuses(await batch([...made, entry('GET /Patient/there')]))).to.deep.equal(['200', '200', '200']);
  });

  it('the base takes POST alone', async () => {
    for (const path of ['/', '/fhir']) {
      const reply = await server.request('OPTIONS', path);
      expect([reply.status, reply.header('allow')]).to.deep.equal([204, 'POST']);
      expect((await server.request('PUT', path, { as: asRoot, json: posted })).status).to.equal(405);
    }
  });
});
