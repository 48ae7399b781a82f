/** What the server tells of itself is what it serves: `/metadata` (FHIR R4 §2.27) and `/openapi.json`. */
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { JsonObject } from '../../resources/json/value.ts';
import { INTERACTIONS } from '../../server/interactions/registry.ts';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { API_SHAPE } from './openapi-shape.ts';

interface Described {
  type: string;
  interaction: { code: string }[];
  searchInclude: string[];
  searchRevInclude: string[];
  searchParam: { name: string; type: string; documentation: string }[];
}

describe('server: what it tells of itself', () => {
  let server: ClockedServer;
  let metadata: Reply;
  let types: Map<string, Described>;
  before(async () => {
    server = await startClockedServer({ CORS_ORIGINS: 'https://app.example.com' });
    metadata = await server.request('GET', '/metadata');
    types = new Map((metadata.list('rest.0.resource') as Described[]).map((each) => [each.type, each]));
  });
  after(() => server.stop());

  const described = (type: string): Described => {
    const found = types.get(type);
    if (found === undefined) throw new Error(`${type} is not told of`);
    return found;
  };

  describe('server: the CapabilityStatement', () => {
    it('is valid by the definitions that it is served with, at both bases', async () => {
      for (const base of ['', '/fhir']) {
        const json = (await server.request('GET', `${base}/metadata`)).body;
        const reply = await server.request('POST', '/CapabilityStatement/$validate', { as: asRoot, json });
        expect(reply.list('issue')).to.have.length(1);
        expect(reply.at('issue.0.severity'), reply.text.slice(0, 400)).to.equal('information');
      }
    });

    it('names every type but Parameters, which has no endpoint', async () => {
      expect(types.size).to.equal(145 + 4);
      expect([...types.keys()]).to.include.members(['Patient', 'Binary', 'Bundle', 'Client', 'AccessPolicy']);
      expect((await server.request('GET', '/Parameters', { as: asRoot })).status).to.equal(404);
    });

    it('tells the interactions, each with its condition', () => {
      const { interaction, searchInclude, searchRevInclude, searchParam, ...rest } = described('Patient');
      expect(interaction.map(({ code }) => code)).to.have.members([
        ...['read', 'vread', 'update', 'patch', 'delete', 'history-instance', 'history-type', 'create', 'search-type'],
      ]);
      expect(rest).to.deep.include({
        versioning: 'versioned-update',
        readHistory: true,
        updateCreate: true,
        conditionalCreate: true,
        conditionalRead: 'full-support',
        conditionalUpdate: true,
        conditionalDelete: 'single',
        profile: 'http://hl7.org/fhir/StructureDefinition/Patient',
        operation: [
          { name: 'validate', definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate' },
          { name: 'everything', definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything' },
        ],
      });
    });

    it('tells of no way to create what the server alone makes', async () => {
      const { interaction, conditionalCreate, updateCreate } = types.get('Session') as unknown as JsonObject;
      expect([conditionalCreate, updateCreate]).to.eql([undefined, false]);
      expect(JSON.stringify(interaction)).to.include('"update"').and.not.include('"create"');
      for (const [method, path] of [
        ['POST', '/Session'],
        ['PUT', '/Session/new'],
      ] as const) {
        expect((await server.request(method, path, { as: asRoot, json: { active: true } })).status).to.equal(422);
      }
    });

    it('tells the formats, of patches too', () => {
      expect(metadata.at('format')).to.include.members(['application/fhir+json', 'text/yaml']);
      expect(metadata.at('patchFormat')).to.eql(['application/json-patch+json', 'application/merge-patch+json']);
    });

    it('tells what every search takes, and in which compartments', () => {
      expect(metadata.at('rest.0.compartment')).to.eql(['http://hl7.org/fhir/CompartmentDefinition/patient']);
      expect(metadata.string('rest.0.documentation')).to.match(/_sort, .*_list, chained parameters and _has\.$/);
    });

    it('tells where tokens come from', () => {
      expect(metadata.at('rest.0.security.cors')).to.equal(true);
      const uris = metadata.list('rest.0.security.extension.0.extension') as { url: string; valueUri: string }[];
      expect(uris.map(({ url, valueUri }) => [url, valueUri])).to.deep.include([
        'token',
        `${server.baseUrl}/auth/token`,
      ]);
    });

    it('every search parameter that it tells of is taken, with each of its modifiers', async () => {
      const set = { status: 'draft', compose: { include: [{ system: 'urn:a' }] } };
      expect((await server.request('PUT', '/ValueSet/told', { as: asRoot, json: set })).status).to.equal(201);
      const system = { url: 'urn:a', status: 'draft', content: 'complete', concept: [{ code: 'a' }] };
      expect((await server.request('PUT', '/CodeSystem/told', { as: asRoot, json: system })).status).to.equal(201);
      for (const type of ['Patient', 'Observation', 'QuestionnaireResponse', 'ValueSet', 'Location', 'Session']) {
        for (const { name, type: kind, documentation } of described(type).searchParam) {
          const [, modifiers = ''] = /Modifiers: (.*)$/.exec(documentation) ?? [];
          for (const modifier of ['', ...modifiers.split(', ')]) {
            const value = VALUES[kind + modifier] ?? VALUES[modifier] ?? VALUES[kind];
            const query = `${name}${modifier.replace('[type]', 'Patient')}=${value}`;
            let reply = await server.request('GET', `/${type}?${query}`, { as: asRoot });
            // A refusal says what stands in a hierarchy: it is taken at its word.
            const [, place] = / in a hierarchy on this server, as (\w+\/)id/.exec(reply.text) ?? [];
            if (place) {
              const path = `/${type}?${query.replace(/=.*/, `=${place}a`)}`;
              reply = await server.request('GET', path, { as: asRoot });
            }
            if (kind === 'composite' && modifier === '')
              expect(reply.at('issue.0.diagnostics'), query).to.match(/joined/);
            else expect(reply.status, `${type}?${query} ${reply.text}`).to.equal(200);
          }
        }
      }
    });

    it('one that it does not tell of is refused', async () => {
      const names = described('Patient').searchParam.map(({ name }) => name);
      const refused = await server.request('GET', '/Patient?nickname=x', { as: asRoot });
      const [, told = ''] = /It has: (.*)\.$/.exec(refused.string('issue.0.diagnostics')) ?? [];
      expect(names).to.have.members(told.split(', '));
    });

    it('every include that it tells of is taken', async () => {
      for (const type of ['Patient', 'Observation', 'Organization', 'Questionnaire', 'Session', 'Client']) {
        const { searchInclude, searchRevInclude } = described(type);
        for (const value of searchInclude) {
          expect((await server.request('GET', `/${type}?_include=${value}`, { as: asRoot })).status, value).to.equal(
            200,
          );
        }
        for (const value of searchRevInclude) {
          const reply = await server.request('GET', `/${type}?_revinclude=${value}`, { as: asRoot });
          expect(reply.status, value).to.equal(200);
        }
      }
      expect(described('Patient').searchRevInclude).to.include.members(['Observation:patient', 'Provenance:target']);
      expect(described('Client').searchRevInclude).to.include.members(['Session:client', 'AccessPolicy:link']);
      expect(described('Patient').searchRevInclude).not.to.include('Library:depends-on');
      expect(described('Questionnaire').searchRevInclude).to.include.members([
        ...['*', 'Library:depends-on', 'QuestionnaireResponse:questionnaire', 'Provenance:target'],
      ]);
      expect(described('QuestionnaireResponse').searchInclude).to.include('QuestionnaireResponse:questionnaire');
    });

    it('comes in YAML, too', async () => {
      const yaml = await server.request('GET', '/metadata', { headers: { accept: 'text/yaml' } });
      expect(yaml.header('content-type')).to.match(/^text\/yaml/);
      expect(yaml.body).to.eql(metadata.body);
    });
  });

  /** A value that each kind takes, and each modifier where it wants another. */
  const VALUES: Record<string, string> = {
    string: 'a',
    token: 'a',
    date: '2024',
    number: '1',
    quantity: '1',
    reference: 'Patient/a',
    uri: 'http://a.example',
    special: '1|1',
    composite: 'a',
    ':missing': 'true',
    ':text': 'words',
    ':in': 'ValueSet/told',
    ':not-in': 'ValueSet/told',
    ':of-type': 'http://a.example|b|c',
    ':[type]': 'a',
    'token:above': 'urn:a|a',
    'token:below': 'urn:a|a',
  };

  describe('server: the OpenAPI document', () => {
    let api: Reply;
    before(async () => {
      api = await server.request('GET', '/openapi.json');
    });

    const operations = (): Record<string, { operationId: string }> => {
      const paths = api.at('paths') as Record<string, Record<string, { operationId: string }>>;
      return Object.fromEntries(
        Object.entries(paths).flatMap(([path, item]) =>
          Object.entries(item)
            .filter(([method]) => method !== 'parameters' && method !== 'servers')
            .map(([method, operation]) => [`${method} ${path}`, operation]),
        ),
      );
    };

    it('has the shape of OpenAPI 3.1', () => {
      expect(api.header('content-type')).to.equal('application/json; charset=utf-8');
      const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });
      expect(ajv.validate(API_SHAPE, api.body), ajv.errorsText()).to.equal(true);
      expect(api.at('openapi')).to.equal('3.1.0');
    });

    it('refers to what it has', () => {
      const references = [...api.text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) =>
        path.replaceAll('/', '.'),
      );
      expect(references.length).to.be.greaterThan(20);
      for (const path of references) expect(api.at(path), path).to.be.an('object');
    });

    it('names each operation once, and each part of a path', () => {
      const ids = Object.values(operations()).map(({ operationId }) => operationId);
      expect(new Set(ids).size).to.equal(ids.length);
      const paths = api.at('paths') as Record<string, { parameters?: { $ref: string }[] }>;
      for (const [path, { parameters = [] }] of Object.entries(paths)) {
        const named = parameters.map(({ $ref }) => api.at(`${$ref.slice(2).replaceAll('/', '.')}.name`));
        expect(named).to.eql([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
      }
    });

    it('has every interaction, and nothing that is not served', async () => {
      const told = Object.keys(operations());
      for (const { method, path } of INTERACTIONS) {
        expect(told).to.include(`${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
      }
      for (const each of told) {
        const [method = '', path = ''] = each.split(' ');
        const at = path
          .replace('{type}', 'Patient')
          .replace('{id}', 'none')
          .replace('{compartment}', 'Patient')
          .replace('{owner}', 'none')
          .replace('{version}', '1');
        const reply = await server.request(method.toUpperCase(), at, {
          headers: { 'content-type': 'application/json' },
        });
        expect([404, 405], `${each} ${reply.text}`).not.to.include(reply.status);
      }
    });

    it('has every method that an address of the auth module takes', async () => {
      const told = operations();
      for (const name of ['authorize', 'logout', 'token', 'revoke', 'introspect', 'userinfo', 'keys']) {
        const refused = await server.request('PUT', `/auth/${name}`, { as: asRoot });
        const taken = refused
          .header('allow')
          .split(', ')
          .filter((method) => method !== 'HEAD');
        expect(taken, name).to.include.oneOf(['GET', 'POST']);
        for (const method of taken) expect(told).to.include.keys(`${method.toLowerCase()} /auth/${name}`);
      }
    });

    it('tells the grants that the metadata of the authorization server tells, with their addresses', async () => {
      const metadata = await server.request('GET', '/.well-known/oauth-authorization-server');
      const flows = api.at('components.securitySchemes.oauth.flows') as Record<string, Record<string, string>>;
      const grants = Object.keys(flows).map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
      expect([...grants, 'refresh_token']).to.have.members(metadata.list('grant_types_supported'));
      for (const { tokenUrl } of Object.values(flows)) expect(tokenUrl).to.equal(metadata.at('token_endpoint'));
      expect(flows['authorizationCode']).to.deep.include({
        authorizationUrl: metadata.at('authorization_endpoint'),
        refreshUrl: metadata.at('token_endpoint'),
      });
    });

    it('tells its own address at each base, and takes no other method', async () => {
      expect(api.at('servers.0.url')).to.equal(server.baseUrl);
      expect((await server.request('GET', '/fhir/openapi.json')).at('servers.0.url')).to.equal(
        `${server.baseUrl}/fhir`,
      );
      expect((await server.request('POST', '/openapi.json')).status).to.equal(405);
    });
  });
});
