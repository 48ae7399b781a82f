/** What `/openapi.json` tells that requests are asked with is what they take. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

interface Operation {
  operationId: string;
  parameters?: { $ref: string }[];
  responses: Record<string, object>;
}

/** A value of each parameter that shapes the answer of something. */
const VALUES = {
  _count: '1',
  _since: '2026-01-01T00:00:00Z',
  _type: 'Patient',
  _elements: 'gender',
  _summary: 'true',
  _format: 'json',
  _pretty: 'true',
};

const PAST = 'Thu, 01 Jan 1970 00:00:00 GMT';

describe('server: the OpenAPI document and what requests are asked with', () => {
  let server: ClockedServer;
  let api: Reply;
  before(async () => {
    server = await startClockedServer();
    api = await server.request('GET', '/openapi.json');
    await server.request('PUT', '/Patient/told', { as: asRoot, json: { gender: 'male', birthDate: '1970-01-01' } });
  });
  after(() => server.stop());

  const operation = (id: string): Operation => {
    const items = Object.values(api.at('paths') as Record<string, Record<string, Operation>>);
    const found = items.flatMap((item) => Object.values(item)).find(({ operationId }) => operationId === id);
    if (found === undefined) throw new Error(`${id} is not told of`);
    return found;
  };
  const told = (id: string, place: 'query' | 'header'): string[] => {
    const all = api.at('components.parameters') as Record<string, { name: string; in: string }>;
    const names = (operation(id).parameters ?? []).map(({ $ref }) => $ref.split('/').at(-1) ?? '');
    return names.filter((name) => all[name]?.in === place);
  };

  for (const [id, path] of [
    ['history-system', '/_history'],
    ['history-type', '/Patient/_history'],
    ['history-instance', '/Patient/told/_history'],
    ['everything', '/Patient/told/$everything'],
  ] as const) {
    it(`${id} takes the parameters that are told, and refuses others`, async () => {
      for (const [name, value] of Object.entries(VALUES)) {
        const { status, text } = await server.request('GET', `${path}?${name}=${value}`, { as: asRoot });
        expect(status, text).to.equal(told(id, 'query').includes(name) ? 200 : 400);
        for (const taken of status === 400 ? told(id, 'query') : []) expect(text).to.include(taken);
      }
    });
  }

  for (const [id, path] of [
    ['read', '/Patient/told'],
    ['vread', '/Patient/told/_history/1'],
  ] as const) {
    it(`${id} is shaped by the parameters that are told, and by no other`, async () => {
      const whole = await server.request('GET', path, { as: asRoot });
      for (const [name, value] of Object.entries(VALUES)) {
        const query = `${name}=${name === '_format' ? 'yaml' : value}`;
        const { status, text } = await server.request('GET', `${path}?${query}`, { as: asRoot });
        expect([status, text !== whole.text], query).to.eql([200, told(id, 'query').includes(name)]);
      }
    });

    it(`${id} tells by which conditions it is refused`, async () => {
      for (const [name, value] of [
        ['If-Match', 'W/"9"'],
        ['If-Unmodified-Since', PAST],
      ] as const) {
        expect(told(id, 'header')).to.include(name);
        expect((await server.request('GET', path, { as: asRoot, headers: { [name]: value } })).status).to.equal(412);
      }
    });

    it(`${id} tells its conditions, and that they may be answered with 304`, async () => {
      for (const [name, value] of [
        ['If-None-Match', 'W/"1"'],
        ['If-Modified-Since', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ] as const) {
        expect(told(id, 'header')).to.include(name);
        const { status } = await server.request('GET', path, { as: asRoot, headers: { [name]: value } });
        expect(Object.keys(operation(id).responses))
          .to.include(String(status))
          .and.to.include('304');
      }
    });
  }

  it('tells the conditions of writes', async () => {
    for (const [method, id] of [
      ['PUT', 'update'],
      ['PATCH', 'patch'],
      ['DELETE', 'delete'],
    ] as const) {
      for (const [name, value] of [
        ['If-Match', 'W/"9"'],
        ['If-Unmodified-Since', PAST],
        ['If-None-Match', '*'],
      ] as const) {
        const headers = { [name]: value, 'content-type': `application/${id === 'patch' ? 'merge-patch+' : ''}json` };
        const sent = method === 'DELETE' ? {} : { body: '{}' };
        const { status } = await server.request(method, '/Patient/told', { as: asRoot, headers, ...sent });
        expect(status, `${method} ${name}`).to.equal(412);
        expect(told(id, 'header')).to.include(name);
        expect(told(`conditional-${id}`, 'header')).to.include(name);
      }
    }
  });

  it('tells what a Bundle and the CapabilityStatement are shaped by', async () => {
    const json = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'GET', url: 'Patient/told' } }],
    };
    for (const [id, method, path, sent] of [
      ['bundle', 'POST', '/', { json }],
      ['capabilities', 'GET', '/metadata', {}],
    ] as const) {
      const whole = await server.request(method, path, { as: asRoot, ...sent });
      for (const query of ['_format=yaml', '_pretty=true']) {
        const { text } = await server.request(method, `${path}?${query}`, { as: asRoot, ...sent });
        expect(text !== whole.text && told(id, 'query').includes(query.split('=', 1)[0] ?? ''), query).to.equal(true);
      }
    }
    expect(told('bundle', 'header')).to.eql(['Prefer']);
  });

  it('tells the types that have a part in a compartment, and no other', async () => {
    const members = api.list('components.parameters.member.schema.enum');
    for (const type of api.list('components.parameters.type.schema.enum')) {
      const { status } = await server.request('GET', `/Patient/told/${type}?_summary=count`, { as: asRoot });
      expect(status, String(type)).to.equal(members.includes(type) ? 200 : 404);
    }
  });

  it('tells at /Session what is served there, which hides /{type} from tools', async () => {
    const item = api.at('paths') as Record<string, object>;
    expect(Object.keys(item['/Session'] ?? {})).to.have.members(['get', 'put', 'patch', 'delete']);
    const found = await server.request('GET', '/Session?_summary=count', { as: asRoot });
    expect(found.status).to.equal(200);
    expect((await server.request('POST', '/Session', { as: asRoot, json: {} })).status).to.equal(422);
    expect(told('close-session', 'query')).to.eql(['search']);
    const { status } = await server.request('DELETE', '/Session?user=User/nobody', { as: asRoot });
    expect(Object.keys(operation('close-session').responses))
      .to.include(String(status))
      .and.to.include('204');
  });

  it('tells what a validation goes by', async () => {
    for (const [id, path] of [
      ['validate', '/$validate'],
      ['validate-post', '/Patient/$validate'],
    ] as const) {
      for (const query of ['mode=delete', 'profile=http://other.example']) {
        const json = { resourceType: 'Patient' };
        const { status } = await server.request('POST', `${path}?${query}`, { as: asRoot, json });
        expect(status, query).to.equal(400);
      }
      expect(told(id, 'query')).to.include.members(['mode', 'profile']);
    }
  });
});
