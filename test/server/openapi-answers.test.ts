/** What `/openapi.json` tells of answers is what is answered, to nobody in particular and to the root client. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

type Response = { $ref?: string; content?: Record<string, object> };
interface Asked {
  requestBody: { content: Record<string, object> };
  responses: Record<string, Response>;
}
type Item = Record<string, { responses: Record<string, Response> }> & { servers?: { url: string }[] };

/** By whom, and in what it is to be answered. */
const ASKED = [
  [undefined, '*/*'],
  [undefined, 'text/yaml'],
  [undefined, 'application/jwk-set+json, */*;q=0.1'],
  [asRoot, '*/*'],
  [asRoot, 'application/yaml'],
] as const;

describe('server: the OpenAPI document and what is answered', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  for (const base of ['', '/fhir']) {
    it(`each operation answers with a status and a type that are told of, at ${base || 'the root'}`, async () => {
      const api = await server.request('GET', `${base}/openapi.json`);
      const asked = new Set<string>();
      for (const [path, { servers, ...item }] of Object.entries(api.at('paths') as Record<string, Item>)) {
        const url = servers?.[0]?.url ?? api.string('servers.0.url');
        const at = `${url.slice(server.baseUrl.length)}${path}`
          .replace('{type}', 'Patient')
          .replace('{id}', 'none')
          .replace('{compartment}', 'Patient')
          .replace('{owner}', 'none')
          .replace('{version}', '1');
        for (const [method, { responses }] of Object.entries(item).filter(([name]) => name !== 'parameters')) {
          for (const [as, accept] of ASKED) {
            const headers = { 'content-type': 'application/json', accept };
            const reply = await server.request(method.toUpperCase(), at, { headers, ...(as && { as }) });
            const told = responses[reply.status] ?? responses['default'];
            const found = told?.$ref ? (api.at(told.$ref.slice(2).replaceAll('/', '.')) as Response) : told;
            const [type = ''] = reply.header('content-type').split(';');
            const name = `${method} ${at} ${as ? 'as root' : ''}: ${reply.status} ${type} ${reply.text.slice(0, 200)}`;
            if (!path.includes('{')) expect(reply.status, name).not.to.be.oneOf([404, 405]);
            if (found?.content) expect(Object.keys(found.content), name).to.include(type);
            else expect([found === undefined, reply.text], name).to.eql([false, '']);
            asked.add(`${method} ${reply.status}`);
          }
        }
      }
      expect([...asked]).to.include.members(['get 200', 'get 401', 'post 400', 'delete 204', 'delete 401', 'post 415']);
    });
  }

  it('tells in what tokens and what is told of them come, and in what they are asked for', async () => {
    const client = { grant_types: ['client_credentials'], secret: 'app-secret' };
    await server.request('PUT', '/Client/app', { as: asRoot, json: client });
    const api = await server.request('GET', '/openapi.json');
    const key = { client_id: 'app', client_secret: 'app-secret' };
    let token = '';
    for (const [name, sent] of [
      ['token', { grant_type: 'client_credentials' }],
      ['introspect', {}],
      ['revoke', {}],
    ] as const) {
      const { post } = (api.at('paths') as Record<string, { post: Asked }>)[`/auth/${name}`] ?? {};
      const taken = Object.keys(post?.requestBody.content ?? {});
      for (const type of ['application/json', 'application/fhir+json', 'text/yaml']) {
        for (const accept of ['application/json', 'application/fhir+json', 'text/yaml']) {
          const body = JSON.stringify({ ...key, ...sent, ...(name !== 'token' && { token }) });
          const headers = { 'content-type': type, accept };
          const reply = await server.request('POST', `/auth/${name}`, { headers, body });
          expect(reply.status, `${name} ${type} ${reply.text}`).to.equal(taken.includes(type) ? 200 : 415);
          const [given = ''] = reply.header('content-type').split(';');
          if (reply.status !== 200) continue;
          expect(Object.keys(post?.responses['200']?.content ?? {}), name).to.include(given);
          if (name === 'token' && given === 'application/json') token = reply.string('access_token');
        }
      }
    }
  });

  it('names the token endpoint of an issuer whose address ends like the FHIR base', async () => {
    const other = await startClockedServer({ BASE_URL: 'https://health.example/fhir' });
    for (const base of ['', '/fhir']) {
      const api = await other.request('GET', `${base}/openapi.json`);
      const flows = api.at('components.securitySchemes.oauth.flows') as Record<string, { tokenUrl: string }>;
      for (const { tokenUrl } of Object.values(flows)) {
        expect(tokenUrl).to.equal('https://health.example/fhir/auth/token');
      }
    }
    await other.stop();
  });
});
