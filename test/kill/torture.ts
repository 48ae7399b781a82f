/**
 * `npm run torture [-- KILLS]`: kills the server under load, 100 times by default, and compares after each kill what is
 * stored with what was answered. On SQLite, strace then shows if the disk is flushed before responses.
 * It runs on SQLite, or on the PostgreSQL of `TEST_DATABASE_URL`; the exit code is 1 if an answered write was lost.
 */
import { DATABASE_KIND } from '../harness/database.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { startServer } from '../harness/server.ts';
import { Siege } from './siege.ts';
import { HAS_STRACE, traceWrites } from './trace.ts';

const [WRITERS, EACH] = [16, 25];

async function torture(kills: number): Promise<void> {
  console.log(`${kills} kills of a server under load, on ${DATABASE_KIND}`);
  const started = performance.now();
  await besiege(kills);
  console.log(await flushes());
  console.log(`Every answer held, in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}

async function besiege(kills: number): Promise<void> {
  const database = await preparedDatabase();
  const siege = new Siege(database);
  const { counts } = siege;
  try {
    await siege.start();
    for (let round = 1; round <= kills; round += 1) {
      await siege.kill(round);
      if (round % 10 === 0) console.log(`  ${round} kills, ${counts.answered} writes answered`);
    }
    await siege.checkAll();
  } finally {
    await siege.stop();
    await database.drop();
  }
  const { answered, pending, pendingStored, tokens } = counts;
  console.log(
    `Kills: ${counts.kills}. Writes answered before them: ${answered}, all there. Under way: ${pending}, ` +
      `${pendingStored} whole and ${pending - pendingStored} absent. Tokens: ${tokens}, all good.`,
  );
}

/** Returns the result of strace in one line; throws if a response preceded its flush. */
async function flushes(): Promise<string> {
  if (DATABASE_KIND !== 'sqlite') return 'Flushes: not looked at, they are PostgreSQL’s own.';
  if (!HAS_STRACE) return 'Flushes: NOT CHECKED, as strace is not installed here.';
  const server = await startServer();
  try {
    const { answers, groups, early } = await traceWrites(server, WRITERS, EACH);
    if (answers !== WRITERS * EACH) throw new Error(`strace saw ${answers} answers of ${WRITERS * EACH}`);
    if (early.length > 0) throw new Error(`${early.length} of ${answers} writes were answered before their flush`);
    return `Flushes: ${groups} groups of writes, ${answers} answers, each after the flush of its group (strace).`;
  } finally {
    await server.stop();
  }
}

const [asked = '100', ...others] = process.argv.slice(2);
if (!/^[1-9]\d{0,5}$/.test(asked) || others.length > 0) {
  console.error('Name a number of kills, or none for 100: npm run torture -- 10');
  process.exitCode = 1;
} else {
  await torture(Number(asked)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
