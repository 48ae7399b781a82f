/** Who holds the lock of migrations and vanishes with its host: PostgreSQL looks for it, and lets go of the lock. */
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import pg from 'pg';
import { holdDatabase } from '../../server/database/database.ts';
import { startCluster } from '../harness/cluster.ts';
import { DATABASE_KIND } from '../harness/database.ts';
import { until } from '../server/poll.ts';

/** What Linux says of a socket that waits to ask whether the other side is there: `02`, and when in hundredths. */
const ASKING = /^02:([0-9A-F]{8})$/;

const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, '0');

(DATABASE_KIND === 'postgres' && process.platform === 'linux' ? describe : describe.skip)(
  'faults: a holder of the lock of migrations that vanishes',
  () => {
    it('is looked for within twenty seconds', async function () {
      const cluster = await startCluster(this);
      const held = await holdDatabase(cluster.database.url);
      const client = new pg.Client({ connectionString: cluster.database.url });
      await client.connect();
      const holders =
        "SELECT client_port AS port FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory'";
      const { rows } = await client.query<{ port: number }>(holders).finally(() => client.end());
      const [local, remote] = [hex(cluster.port), hex(rows[0]?.port ?? 0)];
      // Until the last answer has been confirmed, another timer runs.
      let hundredths = Number.NaN;
      await until('it waits to ask', async () => {
        const sockets = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/ +/));
        const socket = sockets.find(([, here, there]) => here?.endsWith(`:${local}`) && there?.endsWith(`:${remote}`));
        hundredths = Number.parseInt(ASKING.exec(socket?.[5] ?? '')?.[1] ?? '', 16);
        return !Number.isNaN(hundredths);
      });
      expect(hundredths).to.be.within(1, 2000);
      await held.release();
      await cluster.remove();
    });
  },
);
