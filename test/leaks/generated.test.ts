/**
 * Generated criteria, resources and requests: what gets through every door is what a slow evaluator lets through
 * that knows nothing of SQL, of indexes and of policies but their words.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { runs } from '../harness/generated.ts';
import type { Identity } from '../harness/http.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { through, type Way } from './bundled.ts';
import { CALLER_DATA } from './conditions.ts';
import { IDS, reads, type Scene, type Step } from './doors.ts';
import { accessPolicy, Caller, type Policy, policies } from './policies.ts';
import { type Content, TYPES, type Type, World } from './world.ts';
import { contentOf, writes } from './writes.ts';

const CLIENT = { id: 'app', secret: 'app-secret' };
const PERSON = { id: 'ann', password: 'correct-horse' };

/** What others write: they may do everything. */
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

/** The policies of a while, and what happens in it. */
interface Round {
  changes: Change[];
  held: Policy[];
  way: Way;
  steps: Step[];
}

const round: fc.Arbitrary<Round> = fc.record({
  changes: fc.array(change, { maxLength: 6, size: 'max' }),
  held: policies,
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
        await root('PUT', `/Client/${CLIENT.id}`, { secret: CLIENT.secret, grant_types: ['password'] });
        await root('PUT', `/User/${PERSON.id}`, { password: PERSON.password, data: CALLER_DATA });
        const form = { grant_type: 'password', username: PERSON.id, password: PERSON.password };
        const key = { client_id: CLIENT.id, client_secret: CLIENT.secret };
        const granted = await server.request('POST', '/auth/token', { form: { ...form, ...key } });
        const as: Identity = { bearer: granted.string('access_token') };
        for (const each of begun) await happen(each);
        for (const { changes, held, way, steps } of rounds) {
          for (const each of changes) await happen(each);
          for (const [at, policy] of held.entries()) {
            await root('PUT', `/AccessPolicy/p${at}`, accessPolicy(policy, `User/${PERSON.id}`));
          }
          const ask: Scene['ask'] = (method, path, options) => server.request(method, path, { ...options, as });
          await takeAll({ world, caller: new Caller(world, held), ask: through(way, ask) }, steps, held);
          for (const at of held.keys()) await root('DELETE', `/AccessPolicy/p${at}`);
        }
      } finally {
        await server.stop();
      }
    });
    await fc.assert(property, { ...runs(120, 4), endOnFailure: true });
  }).timeout(900_000);
});

async function takeAll(scene: Scene, steps: Step[], held: Policy[]): Promise<void> {
  for (const step of steps) {
    try {
      await step.take(scene);
    } catch (error) {
      const told = held.map(({ type, interactions, conditions }) => {
        const rows = conditions === 'all' ? 'all' : conditions.map(({ policy }) => policy).join('&');
        return `  ${type} ${interactions.join()}: ${rows}`;
      });
      const stored = [...scene.world.entries.values()].map((entry) => `  ${JSON.stringify(entry)}`);
      throw new Error([step.told, ...told, ...stored].join('\n'), { cause: error });
    }
  }
}
