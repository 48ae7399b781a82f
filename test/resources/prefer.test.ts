/** `Prefer: return=…` chooses the body of a create and an update (FHIR R4 §3.1.0.3). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { EXAMPLES } from './examples.ts';

const PREFERENCES = {
  'return=minimal': 'nothing',
  'return="minimal"': 'nothing',
  'respond-async, return=minimal': 'nothing',
  'return=representation': 'resource',
  'return=OperationOutcome': 'outcome',
  'return=everything': 'resource',
  'handling=strict': 'resource',
} as const;

describe('resources: Prefer', () => {
  let server: ClockedServer;
  let count = 0;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  for (const [prefer, body] of Object.entries(PREFERENCES)) {
    for (const accept of ['application/fhir+json', 'text/yaml']) {
      for (const { type, resource, changed } of EXAMPLES) {
        it(`${prefer} as ${accept}, ${type}: ${body}`, async () => {
          count += 1;
          const path = `/${type}/p${count}`;
          const options = { as: asRoot, headers: { prefer, accept } };
          for (const [method, address, json, status] of [
            ['POST', `/${type}`, resource, 201],
            ['PUT', path, resource, 201],
            ['PUT', path, changed, 200],
            ['PUT', path, changed, 200],
          ] as const) {
            const reply = await server.request(method, address, { ...options, json });
            expect(reply.status, reply.text).to.equal(status);
            expect(reply.header('etag')).to.match(/^W\/"[12]"$/);
            expect(reply.header('location') !== '').to.equal(status === 201);
            if (body === 'nothing') expect([reply.text, reply.header('content-type')]).to.deep.equal(['', '']);
            else expect(reply.header('content-type')).to.equal(`${accept}; charset=utf-8`);
            if (body === 'resource') expect(reply.string('resourceType')).to.equal(type);
            if (body === 'outcome') {
              expect(reply.string('resourceType')).to.equal('OperationOutcome');
              expect(reply.at('issue.0')).to.include({ severity: 'information', code: 'informational' });
            }
          }
        });
      }
    }
  }
});
