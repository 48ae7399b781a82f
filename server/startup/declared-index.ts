/** Keeps the index of declared types in step with their declarations. One declaration is in force on all nodes. */
import { createHash } from 'node:crypto';
import type { Dialect } from '../../resources/dialects/dialect.ts';
import type { Engine, Transaction, TypeRule } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { Registry } from '../../resources/registry.ts';
import { EXTRACTION } from '../../resources/search/index/extraction.ts';
import { applyChanged, isApplied, noteApplied } from './applied.ts';

/** A digest of each type's declaration. */
export type Digests = ReadonlyMap<string, string>;

/** Keys in `init_entry`: the declaration in force, and the declaration and extraction that made the index. */
const IN_FORCE = 'ResourceDefinition';
const INDEXED_BY = 'ResourceIndex';

/** Seconds after which a retried write may reach a node that has the declaration in force. */
const RETRY_AFTER = 5;

/** Returns the digests of the declared types of a registry. */
export function digestsOf(registry: Registry, declared: readonly string[]): Digests {
  return new Map(
    declared.map((name) => {
      const { elements, search } = registry.get(name) ?? {};
      const said = JSON.stringify([elements, search]);
      return [name, createHash('sha256').update(said).digest('base64url')];
    }),
  );
}

/**
 * Puts the declarations in force: once this commits, nodes that were started with others write no more resources of
 * those types. Returns the types whose index was made by another declaration and has to be rebuilt: a search by a new
 * parameter would miss what is stored.
 */
export async function putInForce(digests: Digests, transaction: Transaction): Promise<Digests> {
  const due = new Map<string, string>();
  for (const [name, digest] of digests) {
    const indexed = { type: INDEXED_BY, id: name };
    await applyChanged(transaction, { type: IN_FORCE, id: name }, digest, async () => undefined);
    const some = await transaction.all('SELECT 1 AS one FROM resource WHERE type = ? LIMIT 1', [name]);
    if (some.length === 0) await noteApplied(transaction, indexed, made(digest));
    else if (!(await isApplied(transaction, indexed, made(digest)))) due.set(name, digest);
  }
  return due;
}

/** Rebuilds the index of these types by the declarations in force. */
export async function indexAnew(due: Digests, engine: Engine): Promise<void> {
  for (const [name, digest] of due) {
    for await (const _ of engine.reindex([name]));
    const subject = { type: INDEXED_BY, id: name };
    await engine.transact((transaction) => noteApplied(transaction, subject, made(digest)));
  }
}

/** Returns the digest to record for an index made now. */
function made(digest: string): string {
  return `${EXTRACTION} ${digest}`;
}

/**
 * Returns the rules that reject writes (`busy`) by a declaration that is no longer in force, if other nodes write too:
 * their index rows would not match the declaration in force. It cannot change until such a write has ended.
 */
export function declaredRules(digests: Digests, { exclusive, forShare }: Dialect): Record<string, TypeRule> {
  if (exclusive) return {};
  const sql = `SELECT digest FROM init_entry WHERE type = ? AND id = ?${forShare}`;
  const ruleOf = (name: string, digest: string): TypeRule => ({
    effect: async (transaction) => {
      const [row] = await transaction.all<{ digest: string }>(sql, [IN_FORCE, name]);
      if (row?.digest !== digest) throw overtaken(name);
    },
  });
  return Object.fromEntries([...digests].map(([name, digest]) => [name, ruleOf(name, digest)]));
}

function overtaken(name: string): Failure {
  return new Failure(
    'busy',
    `Another server process started with a different declaration of ${name}: this one refuses writes of it until it ` +
      'is restarted.',
    { retryAfter: RETRY_AFTER },
  );
}
