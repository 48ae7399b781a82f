/** Conditional create, update, patch and delete, one request each (FHIR R4 §3.1.0.8.1, §3.1.0.4.3, §3.1.0.7.1). */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { RequestOptions } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const patient = (value: string, more: object = {}) => ({ identifier: [{ value }], ...more });
const json = (value: string, more: object = {}): RequestOptions => ({ json: patient(value, more) });
const ifNone = (criteria: string): RequestOptions => ({ headers: { 'if-none-exist': criteria } });
const merge: RequestOptions = {
  headers: { 'content-type': 'application/merge-patch+json' },
  body: '{"gender":"other"}',
};

describe('interactions: conditional', () => {
  let server: ClockedServer;
  let count = 0;
  /** A value that one resource has, and one that two have. */
  let one: string;
  let two: string;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());
  beforeEach(async () => {
    count += 1;
    [one, two] = [`one${count}`, `two${count}`];
    await call('PUT', `/Patient/${one}`, json(one));
    for (const id of ['a', 'b']) await call('PUT', `/Patient/${two}${id}`, json(two));
  });

  const call = (method: string, path: string, options: RequestOptions = {}) =>
    server.request(method, path, { as: asRoot, ...options });
  const total = async (query: string) => (await call('GET', `/Patient?${query}`)).at('total');

  describe('If-None-Exist', () => {
    it('finds nothing: 201', async () => {
      const reply = await call('POST', '/Patient', { ...json('new'), ...ifNone(`identifier=new${count}`) });
      expect(reply.status, reply.text).to.equal(201);
      expect(reply.header('location')).to.match(/_history\/1$/);
    });

    it('is there but empty, as by a variable that is not set: 412, and nothing is made', async () => {
      const before = await total('_summary=count');
      const alone = await call('POST', '/Patient', { ...json('x'), ...ifNone('') });
      const resource = { resourceType: 'Patient' };
      const entry = [{ resource, request: { method: 'POST', url: 'Patient', ifNoneExist: '' } }];
      const batch = await call('POST', '/', { json: { resourceType: 'Bundle', type: 'batch', entry } });
      expect([alone.status, batch.at('entry.0.response.status')]).to.deep.equal([412, '412']);
      expect(await total('_summary=count')).to.equal(before);
    });

    it('in the address, as some servers have it: 400, and nothing is made', async () => {
      const before = await total('_summary=count');
      for (const criteria of [`identifier=${one}`, 'identifier=', `identifier:not=${one}&_format=json`, '_id=x']) {
        const alone = await call('POST', `/Patient?${criteria}`, json('x'));
        const request = { method: 'POST', url: `Patient?${criteria}` };
        const entry = [{ resource: { resourceType: 'Patient' }, request }];
        const batch = await call('POST', '/', { json: { resourceType: 'Bundle', type: 'batch', entry } });
        expect([alone.status, batch.at('entry.0.response.status')], criteria).to.deep.equal([400, '400']);
        expect(alone.string('issue.0.diagnostics')).to.include('If-None-Exist');
      }
      expect(await total('_summary=count')).to.equal(before);
      expect((await call('POST', '/Patient?_format=yaml&other=1', json('x'))).status).to.equal(201);
    });

    it('with criteria of another type: 400, and nothing is made', async () => {
      const before = await total('_summary=count');
      for (const criteria of [`Observation?identifier=${one}`, `http://elsewhere.example/Group?identifier=${one}`]) {
        const reply = await call('POST', '/Patient', { ...json('x'), ...ifNone(criteria) });
        expect(reply.status, reply.text).to.equal(400);
        expect(reply.text).to.include('or \\"Patient?\\"');
      }
      expect(await total('_summary=count')).to.equal(before);
    });

    it('finds by a value with a question mark, behind an address and without one', async () => {
      const url = `http://sets.example/set?version=${count}`;
      const set = { json: { resourceType: 'ValueSet', status: 'active', url } };
      const criteria = [`url=${url}`, `ValueSet?url=${url}`, `?url=${url}`, `url=${url}&status=active`];
      const replies = [];
      for (const each of criteria) replies.push(await call('POST', '/ValueSet', { ...set, ...ifNone(each) }));
      expect(replies.map(({ status }) => status)).to.deep.equal([201, 200, 200, 200]);
    });

    for (const written of [
      'identifier=VALUE',
      'Patient?identifier=VALUE',
      '?identifier=VALUE',
      'identifier=%6F%6E%65N',
    ]) {
      it(`finds one by ${written}: 200 with that one, unchanged`, async () => {
        const criteria = written.replace('VALUE', one).replace('%65N', `%65${count}`);
        const reply = await call('POST', '/Patient', { ...json(one, { active: true }), ...ifNone(criteria) });
        expect([reply.status, reply.at('id'), reply.at('active')]).to.deep.equal([200, one, undefined]);
        expect([reply.header('etag'), reply.header('location')]).to.deep.equal(['W/"1"', '']);
      });
    }
  });

  const requests: [about: string, method: string, (criteria: string) => [path: string, options: RequestOptions]][] = [
    ['create', 'POST', (criteria) => ['/Patient', { ...json('x'), ...ifNone(criteria) }]],
    ['update', 'PUT', (criteria) => [`/Patient?${criteria}`, json('x')]],
    ['patch', 'PATCH', (criteria) => [`/Patient?${criteria}`, merge]],
    ['delete', 'DELETE', (criteria) => [`/Patient?${criteria}`, {}]],
  ];
  for (const [about, method, sent] of [
    ['create', 'POST', () => ['/Patient', { ...json(one), ...ifNone(`identifier=${one}`) }]],
    ['update', 'PUT', () => [`/Patient?identifier=${one}`, json(one, { active: true })]],
    ['patch', 'PATCH', () => [`/Patient?identifier=${one}`, merge]],
  ] as [about: string, method: string, sent: () => [path: string, options: RequestOptions]][]) {
    it(`${about} tells where the one is that it found, where that is not given`, async () => {
      for (const prefer of ['return=minimal', 'return=OperationOutcome', 'return=representation']) {
        const [path, options] = sent();
        const reply = await call(method, path, { ...options, headers: { ...options.headers, prefer } });
        expect(reply.status, reply.text).to.equal(200);
        const address = `${server.baseUrl}/Patient/${one}/_history/${/\d+/.exec(reply.header('etag'))}`;
        expect(reply.header('location'), prefer).to.equal(prefer === 'return=representation' ? '' : address);
      }
      const named = await call('PUT', `/Patient/${one}`, { ...json(one), headers: { prefer: 'return=minimal' } });
      expect([named.status, named.header('location')]).to.deep.equal([200, '']);
    });
  }

  const refused: [criteria: string, status: number, code: string][] = [
    ['identifier=TWO', 412, 'multiple-matches'],
    ['_count=1', 412, 'conflict'],
    ['_sort=_id', 412, 'conflict'],
    ['_summary=true', 412, 'conflict'],
    ['identifier=', 412, 'conflict'],
    ['_format=json', 412, 'conflict'],
    ['nonsense=1', 400, 'not-supported'],
    ['identifier:nonsense=1', 400, 'not-supported'],
    ['birthdate=yesterday', 400, 'invalid'],
  ];
  for (const [about, method, made] of requests) {
    for (const [criteria, status, code] of refused) {
      for (const prefer of ['handling=strict', 'handling=lenient']) {
        it(`${about} by ${criteria}, ${prefer}: ${status}`, async () => {
          const before = await total('_summary=count');
          const [path, options] = made(criteria.replace('TWO', two));
          const reply = await call(method, path, { ...options, headers: { ...options.headers, prefer } });
          expect([reply.status, reply.at('issue.0.code')], reply.text).to.deep.equal([status, code]);
          expect(await total('_summary=count')).to.equal(before);
          expect((await call('GET', `/Patient/${one}`)).header('etag')).to.equal('W/"1"');
        });
      }
    }
  }
  for (const [about, method, made] of requests.slice(1)) {
    it(`${about} without a query: 412`, async () => {
      const [path, options] = made('');
      expect((await call(method, path.replace('?', ''), options)).status).to.equal(412);
    });
  }

  describe('PUT', () => {
    it('finds one: 200, another version of that one', async () => {
      const reply = await call('PUT', `/Patient?identifier=${one}`, json(one, { active: true }));
      expect([reply.status, reply.at('id'), reply.header('etag')]).to.deep.equal([200, one, 'W/"2"']);
    });
    it('with its id in the body: 200', async () => {
      expect((await call('PUT', `/Patient?identifier=${one}`, json(one, { id: one, active: true }))).status).to.equal(
        200,
      );
    });
    it('with another id in the body: 400', async () => {
      const reply = await call('PUT', `/Patient?identifier=${one}`, json(one, { id: 'other' }));
      expect([reply.status, reply.at('issue.0.expression')]).to.deep.equal([400, ['Patient.id']]);
    });
    it('finds none: 201 with an id of the server', async () => {
      const reply = await call('PUT', `/Patient?identifier=none${count}`, json(`none${count}`));
      expect(reply.status, reply.text).to.equal(201);
      expect(reply.string('id')).to.match(/^[0-9a-f-]{36}$/);
    });
    it('finds none: 201 with the id of the body', async () => {
      const reply = await call('PUT', `/Patient?identifier=none${count}`, json(`none${count}`, { id: `own${count}` }));
      expect([reply.status, reply.at('id')]).to.deep.equal([201, `own${count}`]);
    });
    it('finds none, but the id of the body is taken: 409', async () => {
      const reply = await call('PUT', `/Patient?identifier=none${count}`, json(`none${count}`, { id: one }));
      expect([reply.status, reply.at('issue.0.expression')]).to.deep.equal([409, ['Patient.id']]);
    });
    for (const [tag, status] of [
      ['W/"1"', 200],
      ['W/"2"', 412],
      ['*', 200],
    ] as const) {
      it(`with If-Match: ${tag}: ${status}`, async () => {
        const headers = { 'if-match': tag };
        const options = { ...json(one, { active: true }), headers };
        expect((await call('PUT', `/Patient?identifier=${one}`, options)).status).to.equal(status);
      });
    }
  });

  it('PATCH finds one: 200; none: 404', async () => {
    const reply = await call('PATCH', `/Patient?identifier=${one}`, merge);
    expect([reply.status, reply.at('gender')]).to.deep.equal([200, 'other']);
    expect((await call('PATCH', `/Patient?identifier=none${count}`, merge)).status).to.equal(404);
  });

  it('DELETE finds one: 204, and again: 204', async () => {
    for (const version of ['W/"2"', '']) {
      const reply = await call('DELETE', `/Patient?identifier=${one}`);
      expect([reply.status, reply.header('etag')]).to.deep.equal([204, version]);
    }
    expect((await call('GET', `/Patient/${one}`)).status).to.equal(410);
  });

  it('what is deleted is not found: a conditional create makes another', async () => {
    await call('DELETE', `/Patient/${one}`);
    const reply = await call('POST', '/Patient', { ...json(one), ...ifNone(`identifier=${one}`) });
    expect(reply.status).to.equal(201);
    expect(reply.at('id')).to.not.equal(one);
  });
});
