/**
 * Generated policies, resources and requests: every way to read or write must permit exactly what a slow evaluator
 * permits, which knows the semantics of policies but nothing of SQL or indexes.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { apiOf } from '../auth/http/api.ts';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from '../auth/http/browser.ts';
import { runs } from '../harness/generated.ts';
import type { Identity } from '../harness/http.ts';
import type { ClockedServer } from '../harness/in-process.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { through, type Way } from './bundled.ts';
import { CALLER_DATA } from './conditions.ts';
import { IDS, reads, type Scene, type Step } from './doors.ts';
import { accessPolicy, Caller, type Policy, policies } from './policies.ts';
import { PATIENT, SCOPES } from './scopes.ts';
import { type Content, TYPES, type Type, World } from './world.ts';
import { contentOf, writes } from './writes.ts';

const CLIENT = { id: 'app', secret: 'app-secret' };
const CALLBACK = 'https://app.example/callback';
const APP = {
  secret: CLIENT.secret,
  grant_types: ['authorization_code'],
  first_party: true,
  auth: { authorization_code: { redirect_uris: [CALLBACK] } },
};
const PERSON = { id: 'ann', password: 'correct-horse' };

/** A change by an unrestricted caller. */
interface Change {
  type: Type;
  id: string;
  content: Content | null;
}

const change: fc.Arbitrary<Change> = fc.constantFrom(...TYPES).chain((type) =>
  fc.record({
    type: fc.constant(type),
    id: fc.constantFrom(...IDS[type]),
    content: fc.option(contentOf(type), { freq: 5 }),
  }),
);

const first: fc.Arbitrary<Change[]> = fc
  .tuple(...TYPES.flatMap((type) => IDS[type].map((id) => contentOf(type).map((content) => ({ type, id, content })))))
  .map((changes) => [...changes]);

/** The policies in force during a round, and the events in it. */
interface Round {
  changes: Change[];
  held: Policy[];
  scopes: string;
  way: Way;
  steps: Step[];
}

const round: fc.Arbitrary<Round> = fc.record({
  changes: fc.array(change, { maxLength: 6, size: 'max' }),
  held: policies,
  scopes: fc.constantFrom(...SCOPES),
  way: fc.constantFrom('alone', 'alone', 'batch', 'transaction'),
  steps: fc.array(fc.oneof({ weight: 2, arbitrary: reads }, { weight: 1, arbitrary: writes }), {
    minLength: 20,
    maxLength: 20,
  }),
});

const story = fc.record({ first, rounds: fc.array(round, { minLength: 8, maxLength: 8 }) });

describe('leaks', () => {
  it('through reads, searches, histories, writes, conditional ones and Bundles of them: none', async () => {
    const property = fc.asyncProperty(story, async ({ first: begun, rounds }) => {
      const server = await startClockedServer();
      const root = async (method: string, path: string, json?: object) => {
        const { status, text } = await server.request(method, path, { as: asRoot, ...(json && { json }) });
        expect(status, text).to.be.below(300);
      };
      const world = new World();
      const happen = async ({ type, id, content }: Change) => {
        await (content ? root('PUT', `/${type}/${id}`, content) : root('DELETE', `/${type}/${id}`));
        if (content || world.find(type, id)) world.write(type, id, content);
      };
      try {
        await root('PUT', `/Client/${CLIENT.id}`, APP);
        const fhirUser = { reference: `Patient/${PATIENT}` };
        await root('PUT', `/User/${PERSON.id}`, { password: PERSON.password, data: CALLER_DATA, fhirUser });
        const identities = await identitiesFor(server);
        for (const each of begun) await happen(each);
        for (const { changes, held, scopes, way, steps } of rounds) {
          for (const each of changes) await happen(each);
          for (const [at, policy] of held.entries()) {
            await root('PUT', `/AccessPolicy/p${at}`, accessPolicy(policy, `User/${PERSON.id}`));
          }
          const as = identities.get(scopes) ?? asRoot;
          const ask: Scene['ask'] = (method, path, options) => server.request(method, path, { ...options, as });
          const caller = new Caller(world, held, scopes);
          await takeAll({ world, caller, ask: through(way, ask) }, steps, { held, scopes });
          for (const at of held.keys()) await root('DELETE', `/AccessPolicy/p${at}`);
        }
      } finally {
        await server.stop();
      }
    });
    await fc.assert(property, { ...runs(120, 4), endOnFailure: true });
  }).timeout(900_000);
});

/** Gets a token of the user for each scope. */
async function identitiesFor(server: ClockedServer): Promise<Map<string, Identity>> {
  const api = apiOf(server, server.baseUrl);
  const client = { client_id: CLIENT.id, redirect_uri: CALLBACK };
  const query = { ...client, response_type: 'code', code_challenge: CHALLENGE, code_challenge_method: 'S256' };
  const browser = browserOf(api);
  const identities = new Map<string, Identity>();
  for (const scope of SCOPES) {
    const code = codeIn(await browser.authorize({ ...query, scope }, PERSON.id));
    const form = { ...client, client_secret: CLIENT.secret, code, code_verifier: VERIFIER };
    const granted = await api.granted({ ...form, grant_type: 'authorization_code' });
    expect(granted.at('scope')).to.equal(scope);
    identities.set(scope, { bearer: granted.string('access_token') });
  }
  return identities;
}

async function takeAll(scene: Scene, steps: Step[], { held, scopes }: Pick<Round, 'held' | 'scopes'>): Promise<void> {
  for (const step of steps) {
    try {
      await step.take(scene);
    } catch (error) {
      const told = held.map(({ type, interactions, conditions }) => {
        const rows = conditions === 'all' ? 'all' : conditions.map(({ policy }) => policy).join('&');
        return `  ${type} ${interactions.join()}: ${rows}`;
      });
      const stored = [...scene.world.entries.values()].map((entry) => `  ${JSON.stringify(entry)}`);
      throw new Error([step.told, `  ${scopes}`, ...told, ...stored].join('\n'), { cause: error });
    }
  }
}
