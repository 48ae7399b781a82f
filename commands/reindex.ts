/** `npm run reindex -- TYPE…` or `-- --all`: rebuilds the index rows of resource types from the stored resources. */
import type { Registry } from '../resources/registry.ts';
import { noteIndexOurs } from '../server/startup/whole-index.ts';
import { runCommand } from './command.ts';
import { CommandError } from './errors.ts';
import { Progress } from './progress.ts';
import { withWard } from './ward.ts';

/** One job per commit: no other jobs arrive that could share it. */
const BULK = { jobs: 1, milliseconds: 0 };

await runCommand('The reindex', (config) => {
  const words = process.argv.slice(2);
  const all = words.length === 1 && words[0] === '--all';
  if (words.length === 0 || (!all && words.some((word) => word.startsWith('-')))) {
    throw new CommandError('name the types, as in `npm run reindex -- Patient Observation`, or use `-- --all`');
  }
  return withWard(
    config,
    async ({ registry, engine, database }) => {
      const types = all ? registry.names() : served(registry, words);
      const progress = new Progress();
      let done = { looked: 0, changed: 0, total: 0 };
      try {
        for await (done of engine.reindex(types)) progress.show(doneOf(done));
      } finally {
        progress.end();
      }
      if (all) await engine.transact(noteIndexOurs);
      return `${progress.summary(doneOf(done))}, in the ${database.dialect.name} database\n`;
    },
    { bulk: BULK },
  );
});

/** Returns the distinct types. Throws a CommandError that names unknown ones. */
function served(registry: Registry, names: readonly string[]): string[] {
  const unknown = names.filter((name) => registry.get(name) === undefined);
  if (unknown.length === 0) return [...new Set(names)];
  throw new CommandError(
    `there is no resource type ${unknown.join(', ')}: names start with a capital letter, as in Patient, and your own ` +
      'types need RESOURCE_DEFINITIONS',
  );
}

function doneOf({ looked, changed, total }: { looked: number; changed: number; total: number }) {
  const note = `${changed} of them updated`;
  return { ...(total > 0 && { part: Math.min(1, looked / total) }), count: looked, unit: 'resources', note };
}
