import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Seal } from '../../auth/keys/sealing.ts';
import { serverSecret } from '../../auth/keys/server-keys.ts';
import type { RandomBytes } from '../../resources/clock.ts';
import type { Transaction } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { decodeUtf8 } from '../formats/text.ts';
import { readYaml } from '../formats/yaml.ts';
import { applyChanged } from './applied.ts';

/** An entry of the file: a resource and the id to store it under. */
export interface InitEntry {
  type: string;
  id: string;
  resource: JsonObject;
  /** Its position in the file, for messages. */
  place: string;
}

/** Reads INIT_FILE: a Bundle of PUTs or a list of resources, in YAML or JSON. Throws a Failure that names the entry. */
export async function readInitFile(path: string): Promise<InitEntry[]> {
  const entries = entriesOf(parse(path, await readFile(path)));
  const seen = new Set<string>();
  for (const { type, id, place } of entries) {
    // Two entries for one resource would undo each other at every start.
    if (seen.has(`${type}/${id}`)) throw refused(place, `${type}/${id} appears twice; list it once.`);
    seen.add(`${type}/${id}`);
  }
  return entries;
}

/**
 * Applies the entries of INIT_FILE inside a transaction. An entry is applied only if it differs from what the file last
 * applied under that id, so that a restart never undoes an admin's later changes.
 */
export async function applyInitFile(
  entries: readonly InitEntry[],
  transaction: Transaction,
  { random, seal }: { random: RandomBytes; seal: Seal },
): Promise<void> {
  if (entries.length === 0) return;
  const key = await serverSecret(transaction, seal, 'init_file', random(32));
  for (const entry of entries) {
    // The digest is keyed (HMAC): an entry may hold a secret, and a plain digest of a short one can be guessed.
    const digest = createHmac('sha256', key).update(renderJson(entry.resource)).digest('base64url');
    await applyChanged(transaction, entry, digest, () => apply(transaction, entry));
  }
}

function refused(place: string, reason: string): Failure {
  return new Failure('malformed', `INIT_FILE, ${place}: ${reason}`);
}

function parse(path: string, bytes: Uint8Array): Json {
  try {
    const text = decodeUtf8(bytes);
    return path.endsWith('.json') ? readJson(text) : readYaml(text);
  } catch (error) {
    throw error instanceof Failure ? new Failure(error.code, `INIT_FILE: ${error.message}`, { cause: error }) : error;
  }
}

function entriesOf(value: Json): InitEntry[] {
  if (Array.isArray(value)) return value.map((item, index) => entryOf(item, `item ${index + 1}`));
  if (!isObject(value) || value['resourceType'] !== 'Bundle' || !Array.isArray(value['entry'])) {
    throw new Failure('malformed', 'INIT_FILE must be a list of resources or a Bundle of PUTs.');
  }
  return value['entry'].map((item, index) => {
    const place = `entry ${index + 1}`;
    const request = isObject(item) ? item['request'] : undefined;
    if (!isObject(item) || !isObject(request) || request['method'] !== 'PUT') {
      throw refused(place, 'request.method must be PUT.');
    }
    const entry = entryOf(item['resource'] ?? null, place);
    if (request['url'] !== `${entry.type}/${entry.id}`) {
      throw refused(place, `request.url must be ${entry.type}/${entry.id}.`);
    }
    return entry;
  });
}

function entryOf(resource: Json, place: string): InitEntry {
  if (!isObject(resource) || typeof resource['resourceType'] !== 'string' || typeof resource['id'] !== 'string') {
    throw refused(place, 'must be a resource with resourceType and id.');
  }
  const { resourceType: type, id } = resource;
  if (type === 'Session') throw refused(place, 'Sessions are created only by the token endpoint.');
  return { type, id, resource, place };
}

async function apply(transaction: Transaction, { type, id, resource, place }: InitEntry): Promise<void> {
  try {
    await transaction.update(type, id, resource, { by: 'server' });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const reasons = error.issues.map(({ expression, diagnostics }) => [...(expression ?? []), diagnostics].join(': '));
    throw new Failure(error.code, `INIT_FILE, ${place} (${type}/${id}): ${reasons.join('; ')}`, { cause: error });
  }
}
