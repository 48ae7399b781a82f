import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Knex } from 'knex';
import { runCommand } from '../commands/command.ts';
import { withWard } from '../commands/ward.ts';
import { Failure } from '../resources/errors.ts';
import { isObject } from '../resources/json/value.ts';
import { readYaml } from '../server/formats/yaml.ts';
import type { Ward } from '../server/open.ts';

/** The YAML is next to the sources; `imports` in package.json locates it, for compiled code too. */
const { resolve } = createRequire(import.meta.url);

/** In order of dependency: a policy refers to clients and users. */
const FILES = ['clients.yaml', 'users.yaml', 'policies.yaml', 'patients.yaml'];

/**
 * Writes the YAML files of this folder through the engine, so that seeds are validated, hashed and indexed like any
 * other resource. A second run only restores what was changed since. Returns a line with the counts.
 */
export async function loadSeeds({ engine }: Ward): Promise<string> {
  const changes = { created: 0, updated: 0, unchanged: 0, deleted: 0 };
  for (const file of FILES) {
    const resources = readYaml(await readFile(resolve(`#seeds/${file}`), 'utf8'));
    for (const resource of Array.isArray(resources) ? resources : []) {
      if (!isObject(resource)) throw new Failure('malformed', `${file} must contain a list of resources.`);
      const { resourceType, id } = resource;
      const { outcome } = await engine.update(String(resourceType), String(id), resource, { by: 'server' });
      changes[outcome] += 1;
    }
  }
  return `Seeded: ${changes.created} created, ${changes.updated} updated, ${changes.unchanged} unchanged.\n`;
}

/** The same for `knex seed:run`; first releases the database, which the knexfile holds. */
export async function seed(knex: Knex): Promise<void> {
  await knex.userParams['release']();
  await runCommand('seed', (config) => withWard(config, loadSeeds));
}
