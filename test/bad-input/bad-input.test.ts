/** Malformed requests: each is refused with its status, code and place; none is a 5xx, hangs or changes data. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { ADDRESSES } from './addresses.rows.ts';
import { HEADERS } from './headers.rows.ts';
import { OAUTH } from './oauth.rows.ts';
import { OWN_TYPES } from './own-types.rows.ts';
import type { Row } from './row.ts';
import { STRUCTURE } from './structure.rows.ts';
import { UNREADABLE } from './unreadable.rows.ts';

const ROWS: Row[] = [...UNREADABLE, ...STRUCTURE, ...OWN_TYPES, ...ADDRESSES, ...HEADERS, ...OAUTH];
const CAUSES = [...new Set(ROWS.map(({ cause }) => cause))];
const TYPES = ['Patient', 'Client', 'User', 'Session', 'AccessPolicy'];

/** What the server holds, by what it answers. */
async function holdings(server: ClockedServer): Promise<string[]> {
  const paths = TYPES.flatMap((type) => [`/${type}?_sort=_id`, `/${type}/_history`]);
  const replies = await Promise.all(paths.map((path) => server.request('GET', path, { as: asRoot })));
  return replies.map(({ body, status }) => {
    expect(status).to.equal(200);
    return JSON.stringify((body as { entry?: unknown }).entry);
  });
}

function check(row: Row, reply: Reply): void {
  const told = `${row.method} ${row.path.slice(0, 200)}: ${reply.status} ${reply.text.slice(0, 600)}`;
  expect(reply.status, told).to.equal(row.status);
  if (row.path.startsWith('/auth/')) {
    expect(reply.body, told).to.include({ error: row.code });
    return;
  }
  expect(reply.body, told).to.include({ resourceType: 'OperationOutcome' });
  const issues = reply.list('issue') as { code: string; expression?: string[]; severity: string }[];
  const found = issues.filter(({ code, severity }) => code === row.code && severity === 'error');
  expect(found, told).to.have.length.of.at.least(1);
  if (row.expression)
    expect(
      found.map(({ expression }) => expression?.[0]),
      told,
    ).to.include(row.expression);
}

describe('bad input', () => {
  let server: ClockedServer;
  let held: string[];

  before(async () => {
    server = await startClockedServer();
    const app = { secret: 'app-secret', grant_types: ['client_credentials'] };
    for (const [path, json] of [
      ['/Patient/kept', { name: [{ family: 'Kept' }] }],
      ['/Client/app', app],
      ['/User/ann', { password: 'correct-horse' }],
    ] as const) {
      const reply = await server.request('PUT', path, { as: asRoot, json });
      expect(reply.status, reply.text).to.equal(201);
    }
    held = await holdings(server);
  });
  after(() => server.stop());

  it('has at least 150 rows, and at most ten a cause', () => {
    expect(ROWS.length).to.be.at.least(150);
    for (const cause of CAUSES) expect(ROWS.filter((row) => row.cause === cause).length, cause).to.be.at.most(10);
  });

  for (const cause of CAUSES) {
    describe(cause, () => {
      for (const row of ROWS.filter((other) => other.cause === cause)) {
        it(`${row.name}: ${row.status} ${row.code} ${row.expression ?? ''}`.trim(), async () => {
          check(row, await server.request(row.method, row.path, row.options));
        });
      }
    });
  }

  it('has changed nothing', async () => {
    expect(await holdings(server)).to.eql(held);
  });
});
