import { readFile } from 'node:fs/promises';
import type { Knex } from 'knex';
import { Failure } from '../resources/errors.ts';
import { isObject } from '../resources/json/value.ts';
import { readConfig } from '../server/config.ts';
import { readYaml } from '../server/formats/yaml.ts';
import { openWard } from '../server/open.ts';

/** In this order: what a policy names should exist before it. */
const FILES = ['clients.yaml', 'users.yaml', 'policies.yaml', 'patients.yaml'];

/**
 * Puts the YAML of this folder through the engine, so that seeds are validated, hashed and indexed like anything
 * that is sent. Run again, it changes nothing but what was changed meanwhile.
 */
export async function seed(_knex: Knex): Promise<void> {
  const ward = await openWard(readConfig(process.env));
  try {
    for (const file of FILES) {
      const resources = readYaml(await readFile(new URL(file, import.meta.url), 'utf8'));
      for (const resource of Array.isArray(resources) ? resources : []) {
        if (!isObject(resource)) throw new Failure('malformed', `${file} must hold a list of resources.`);
        const { resourceType, id } = resource;
        await ward.engine.update(String(resourceType), String(id), resource, { by: 'server' });
      }
    }
  } finally {
    await ward.close();
  }
}
