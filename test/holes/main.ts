/**
 * `npm run test:holes [-- WORDS]`: for each attack in `docs/security.md`, removes its guard in a copy of the project
 * and checks that its test, which passes before, then fails. WORDS select attacks by section or name. Attacks that need
 * PostgreSQL run if `TEST_DATABASE_URL` is set.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { type Attack, listedAttacks } from './attacks.ts';
import { Copy, sight } from './copy.ts';
import type { Hole } from './hole.ts';
import { HOLES } from './holes.ts';

interface Trial {
  attack: Attack;
  hole: Hole;
}

/** More would disturb each other: some tests measure milliseconds, some start a PostgreSQL cluster. */
const MOST_COPIES = 4;

const tally = { seen: 0, unseen: 0, left: 0 };

function trials(words: string): Trial[] {
  return listedAttacks().flatMap((attack) => {
    if (!`${attack.section} ${attack.name}`.toLowerCase().includes(words.toLowerCase())) return [];
    return (HOLES.get(attack.section) ?? []).flatMap((hole) => (hole.attack === attack.name ? [{ attack, hole }] : []));
  });
}

/** Takes trials from the queue until none is left. */
async function work(copy: Copy, waiting: Trial[], total: number): Promise<void> {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const place = total - waiting.length;
    const told = await outcome(copy, next);
    console.log(`${place} of ${total}  ${next.attack.section}: ${next.attack.name}\n    ${told}`);
  }
}

async function outcome(copy: Copy, { attack, hole }: Trial): Promise<string> {
  if (hole.on === 'PostgreSQL' && !process.env['TEST_DATABASE_URL']) {
    tally.left += 1;
    return 'left out: it needs PostgreSQL (TEST_DATABASE_URL)';
  }
  try {
    const seen = await look(copy, attack, hole);
    tally.seen += 1;
    return `fails as it must: ${seen.slice(0, 160)}`;
  } catch (error) {
    tally.unseen += 1;
    return `NOT SEEN: ${error instanceof Error ? error.message.slice(0, 500) : String(error)}`;
  }
}

/** Returns the failure that shows the hole. Throws if there is none, or if the test fails even with all guards. */
async function look(copy: Copy, attack: Attack, hole: Hole): Promise<string> {
  const [without] = await copy.try(attack, { ...hole, edits: [] });
  if (without) throw new Error(`the test fails by itself: ${without.message}`);
  const failures = await copy.try(attack, hole);
  const seen = sight(failures, hole);
  if (seen === undefined) throw new Error(failures[0]?.message ?? 'the test passes');
  return seen;
}

const compiler = path.resolve('node_modules/typescript/bin/tsc');
const build = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
if (build.status !== 0) throw new Error('the build failed');
const waiting = trials(process.argv.slice(2).join(' '));
const total = waiting.length;
if (total === 0) throw new Error('no attack of docs/security.md is called so, nor its section');
const copies = Array.from({ length: Math.min(total, availableParallelism(), MOST_COPIES) }, () => new Copy());
const removeAll = () => {
  for (const copy of copies) copy.remove();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    removeAll();
    process.exit(1);
  });
}
try {
  await Promise.all(copies.map((copy) => work(copy, waiting, total)));
} finally {
  removeAll();
}
console.log(`\n${tally.seen} seen to fail, ${tally.unseen} not seen, ${tally.left} left out`);
process.exitCode = tally.unseen > 0 ? 1 : 0;
