/** Conditional writes where two nodes share one database: what they choose still matches when they write it. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import type { Reply, RequestOptions } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { entry, send } from './bundles.ts';

const ROUNDS = 40;

const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more });
const other = 'urn:uuid:66666666-6666-4666-8666-666666666666';

/** What one node is asked for by `criteria`, while the other changes what they match. */
const CONDITIONAL: [
  about: string,
  ask: (node: ClockedServer, criteria: string) => Promise<Reply>,
  statuses: number[],
][] = [
  ['DELETE', (node, criteria) => call(node, 'DELETE', `/${criteria}`), [204]],
  ['PUT', (node, criteria) => call(node, 'PUT', `/${criteria}`, { json: patient('taken') }), [200, 201]],
  [
    'PATCH',
    (node, criteria) =>
      call(node, 'PATCH', `/${criteria}`, {
        headers: { 'content-type': 'application/json-patch+json' },
        body: JSON.stringify([{ op: 'replace', path: '/name/0/family', value: 'taken' }]),
      }),
    [200, 404],
  ],
  ['DELETE in a transaction', (node, criteria) => send(node, 'transaction', [entry(`DELETE ${criteria}`)]), [200]],
  [
    'PUT in a transaction',
    (node, criteria) => send(node, 'transaction', [entry(`PUT ${criteria}`, patient('taken'), {}, other)]),
    [200],
  ],
];

function call(node: ClockedServer, method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
  return node.request(method, path, { as: asRoot, ...options });
}

// A SQLite file has one process.
if (DATABASE_KIND === 'postgres') {
  describe('interactions: conditional writes on two nodes', () => {
    let database: TestDatabase;
    let nodes: [ClockedServer, ClockedServer];
    before(async () => {
      database = await preparedDatabase();
      nodes = [await startClockedServer({}, database), await startClockedServer({}, database)];
    });
    after(async () => {
      for (const node of nodes) await node.stop();
      await database.drop();
    });

    for (const [about, ask, statuses] of CONDITIONAL) {
      it(`${about} does not touch what was changed to match no more, in ${ROUNDS} races`, async () => {
        const [left, right] = nodes;
        for (let round = 0; round < ROUNDS; round += 1) {
          const id = `${about.replaceAll(' ', '-')}-${round}`;
          const put = (family: string) => call(left, 'PUT', `/Patient/${id}`, { json: patient(family) });
          expect((await put(id)).status).to.equal(201);
          const [updated, asked] = await Promise.all([put('changed'), ask(right, `Patient?family=${id}`)]);
          expect(updated.status, updated.text).to.be.oneOf([200, 201]);
          expect(asked.status, asked.text).to.be.oneOf(statuses);
          const history = await call(left, 'GET', `/Patient/${id}/_history`);
          const families = history.list('entry').map((_, at) => history.at(`entry.${at}.resource.name.0.family`));
          // The update has no condition: it is the last, whichever of the two comes first.
          expect(families[0], `round ${round}, the newest first: ${families.join(', ')}`).to.equal('changed');
        }
      });
    }

    it(`a transaction takes what the other node creates meanwhile, in ${4 * ROUNDS} races`, async () => {
      const [left, right] = nodes;
      for (let round = 0; round < 4 * ROUNDS; round += 1) {
        const family = `beside-${round}`;
        const [made, asked] = await Promise.all([
          call(left, 'POST', '/Patient', { json: patient(family) }),
          send(right, 'transaction', [entry(`PUT Patient?family=${family}`, patient(family), {}, other)]),
        ]);
        expect(made.status, made.text).to.equal(201);
        expect(asked.status, asked.text).to.equal(200);
      }
    });
  });
}
