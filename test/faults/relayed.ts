/** Servers whose way to their database is a relay. */
import { after, before } from 'mocha';
import type { TestDatabase } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { type Relay, startRelay, through } from '../harness/relay.ts';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { until } from '../server/poll.ts';

/** For a suite: a server whose way to its database is a relay. `query` is that of the database's URL. */
export function behindRelay(query = ''): { database: TestDatabase; server: TestServer; relay: Relay } {
  const made = {} as { database: TestDatabase; server: TestServer; relay: Relay };
  before(async () => {
    made.database = await preparedDatabase();
    made.relay = await startRelay(Number(new URL(made.database.url).port || 5432));
    const reached = through(made.relay, made.database);
    made.server = await startServer({ database: { ...reached, url: `${reached.url}${query}` } });
  });
  after(async () => {
    await made.server.stop();
    await made.relay.close();
    await made.database.drop();
  });
  return made;
}

/** Waits until a server reads from its database. */
export const served = (server: TestServer): Promise<void> =>
  until(
    'it serves',
    async () => (await server.request('GET', '/Patient?_summary=count', { as: asRoot })).status === 200,
    20_000,
  );
