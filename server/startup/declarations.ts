import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Declaration, DeclarationError, declareTypes } from '../../resources/declared/declare.ts';
import { Failure } from '../../resources/errors.ts';
import { createRegistry, type Registry } from '../../resources/registry.ts';
import { ConfigError } from '../config.ts';
import { decodeUtf8 } from '../formats/text.ts';
import { readYaml } from '../formats/yaml.ts';

/** YAML is a superset of JSON, so one parser reads both. */
const FILES = /\.(?:ya?ml|json)$/;

/**
 * Returns the registry of served types: FHIR's, the server's own, and those declared by the files of a folder.
 * Throws a ConfigError that names the file, the place in it and what is wrong.
 */
export async function openRegistry(folder: string | undefined): Promise<{ registry: Registry; declared: string[] }> {
  const registry = createRegistry();
  try {
    const declared = declareTypes(registry, folder === undefined ? [] : await readDeclarations(folder));
    return { registry, declared };
  } catch (error) {
    if (error instanceof DeclarationError) throw new ConfigError(`RESOURCE_DEFINITIONS, ${error.message}`);
    throw error;
  }
}

async function readDeclarations(folder: string): Promise<Declaration[]> {
  const names = (await readdir(folder)).filter((name) => FILES.test(name)).sort();
  return Promise.all(names.map(async (source) => ({ source, value: parse(source, await read(folder, source)) })));
}

function read(folder: string, source: string): Promise<Uint8Array> {
  return readFile(join(folder, source)).catch((cause: NodeJS.ErrnoException) => {
    throw new DeclarationError(`${source}: cannot be read (${cause.code})`, { cause });
  });
}

function parse(source: string, bytes: Uint8Array): Declaration['value'] {
  try {
    return readYaml(decodeUtf8(bytes));
  } catch (error) {
    throw error instanceof Failure ? new DeclarationError(`${source}: ${error.message}`, { cause: error }) : error;
  }
}
