import type { Credentials } from './engine.ts';
import { Failure, type Issue } from './errors.ts';
import { renderJson } from './json/render.ts';
import { isObject, type Json, type JsonObject } from './json/value.ts';
import type { YieldTurn } from './pace/pace.ts';
import type { IndexRows } from './search/index/tables.ts';
import type { SecretHasher } from './secrets.ts';
import type { ServedType } from './served.ts';

/** The change that a write makes to one secret of a resource. */
export interface SecretWrite {
  name: string;
  /** The hashes that were stored when the write was prepared; the job fails as stale if they changed. */
  stored: readonly string[];
  /** The hashes to store instead. */
  next: readonly string[];
}

/** Returns true if both lists have the same hashes, in any order. */
export function sameHashes(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((hash) => others.includes(hash));
}

/** Returns true if a secret is set, replaced or removed; false if others are only added to those that stay. */
export function replacesSecret({ stored, next }: SecretWrite): boolean {
  if (sameHashes(stored, next)) return false;
  return stored.length === 0 || !stored.every((hash) => next.includes(hash));
}

/** A resource ready to store: everything that does not depend on other resources is done before the queue. */
export interface PreparedWrite {
  type: ServedType;
  id: string;
  /** The resource without server-set properties and without secrets. */
  content: JsonObject;
  /** `content` as JSON text, in the two parts that follow the server-set properties. */
  meta: string;
  rest: string;
  /** Its index rows, if they were extracted ahead: an update computes only those of changed properties. */
  rows: IndexRows | undefined;
  secrets: SecretWrite[];
}

/** The functions and options for preparing a resource. */
export interface Preparation {
  /** Returns its validation issues. */
  issues(): readonly Issue[];
  /** True if its index rows are to be extracted ahead. */
  ahead: boolean;
  /** Compares its secrets with the stored ones. */
  secrets(values: JsonObject): Promise<SecretWrite[]>;
  /** Yields between steps of the work. */
  yieldTurn?: YieldTurn | undefined;
}

/**
 * Removes the secrets from a resource, renders it, and extracts its index rows if requested. Rejects with an `invalid`
 * Failure that holds all issues, if one of them is an error.
 */
export async function prepare(
  type: ServedType,
  id: string,
  resource: JsonObject,
  { issues: find, ahead, secrets, yieldTurn }: Preparation,
): Promise<PreparedWrite> {
  await yieldTurn?.();
  const issues = find();
  await yieldTurn?.();
  if (issues.some(({ severity }) => severity === 'error')) {
    throw new Failure('invalid', `The ${type.definition.name} is not valid.`, { issues: [...issues] });
  }
  const { content, withheld } = separate(type, resource);
  const rows = ahead ? await indexed(type, content, yieldTurn) : undefined;
  await yieldTurn?.();
  return { type, id, secrets: await secrets(withheld), rows, ...rendered(content) };
}

/** Returns the index rows of a resource. Rejects with `too-large` if a large resource has too many. */
export async function indexed(
  type: ServedType,
  content: JsonObject,
  yieldTurn: YieldTurn | undefined,
  properties?: readonly string[],
): Promise<IndexRows> {
  return yieldTurn
    ? type.indexInTurns(content, { yieldTurn, most: type.mostRows, properties })
    : type.index(content, properties);
}

/**
 * Like `prepare`, for resources that the server makes. Throws for a type whose resources hold secrets or unique names.
 */
export function draft(type: ServedType, id: string, content: JsonObject): PreparedWrite {
  const { name, secrets, unique } = type.definition;
  if (secrets || unique) throw new Error(`A ${name} holds what has to be compared with others: it cannot be a draft`);
  if ('resourceType' in content || 'id' in content) throw new Error(`The content of a ${name} does not say what it is`);
  return { type, id, secrets: [], rows: type.index(content), ...rendered(content) };
}

/** Returns the write with other content. */
export function withContent(write: PreparedWrite, content: JsonObject): PreparedWrite {
  return { ...write, rows: undefined, ...rendered(content) };
}

function rendered(content: JsonObject): Pick<PreparedWrite, 'content' | 'meta' | 'rest'> {
  const { meta, ...rest } = content;
  return { content, meta: members(isObject(meta) ? meta : {}), rest: members(rest) };
}

/** Renders the text of a version: server-set properties, then the content as sent. */
export function renderVersion(write: PreparedWrite, versionId: number, lastUpdated: number): string {
  const type = write.type.definition.name;
  const time = new Date(lastUpdated).toISOString();
  return (
    `{"resourceType":"${type}","id":"${write.id}",` +
    `"meta":{"versionId":"${versionId}","lastUpdated":"${time}"${write.meta}}${write.rest}}`
  );
}

/** Returns a stored version without server-set properties, comparable with `PreparedWrite.content`. */
export function contentOf(resource: JsonObject): JsonObject {
  const { resourceType: _type, id: _id, meta, ...rest } = resource;
  const kept = isObject(meta) ? withoutServerMeta(meta) : {};
  return Object.keys(kept).length > 0 ? { meta: kept, ...rest } : rest;
}

/** Compares the secrets of a write with the stored ones, and hashes them before the queue. */
export async function prepareSecrets(
  hasher: SecretHasher,
  credentials: Credentials,
  key: number | undefined,
  values: JsonObject,
): Promise<SecretWrite[]> {
  const writes: SecretWrite[] = [];
  for (const [name, value] of Object.entries(values)) {
    const stored = key === undefined ? [] : (await credentials.of(key, name)).map(({ hash }) => hash);
    writes.push({ name, stored, next: await nextHashes(hasher, stored, value) });
  }
  return writes;
}

/**
 * Returns the hashes of one or several secrets; a secret that is already stored keeps its hash. It is hashed all the
 * same, like a new one, so that response times do not reveal a guessed secret to those who may write it.
 */
async function nextHashes(hasher: SecretHasher, stored: readonly string[], value: Json): Promise<string[]> {
  const secrets = (Array.isArray(value) ? value : [value]).filter((secret) => typeof secret === 'string');
  const next: string[] = [];
  const added: string[] = [];
  for (const secret of secrets) {
    const hash = stored.length === 0 ? undefined : await hasher.match(secret, stored);
    if (hash === undefined) added.push(secret);
    else next.push(hash);
  }
  for (const secret of secrets) {
    const hash = await hasher.hash(secret, next);
    if (added.includes(secret)) next.push(hash);
  }
  return next;
}

function separate(type: ServedType, resource: JsonObject): { content: JsonObject; withheld: JsonObject } {
  const content = contentOf(resource);
  const withheld: JsonObject = {};
  for (const name of type.definition.secrets ?? []) {
    const value = content[name];
    if (value === undefined) continue;
    withheld[name] = value;
    delete content[name];
  }
  return { content, withheld };
}

function withoutServerMeta(meta: JsonObject): JsonObject {
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...rest } = meta;
  return rest;
}

/** Renders the members of an object as a continuation of another: `,"a":1,"b":2`. */
function members(object: JsonObject): string {
  const text = renderJson(object);
  return text === '{}' ? '' : `,${text.slice(1, -1)}`;
}
