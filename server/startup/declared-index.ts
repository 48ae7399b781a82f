/** The index of declared types follows their declarations, of which one is in force at a time on all nodes. */
import { createHash } from 'node:crypto';
import type { Dialect } from '../../resources/dialects/dialect.ts';
import type { Engine, Transaction, TypeRule } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { Registry } from '../../resources/registry.ts';
import { EXTRACTION } from '../../resources/search/index/extraction.ts';
import { applyChanged, isApplied, noteApplied } from './applied.ts';

/** What the declaration of each type says, as a digest. */
export type Digests = ReadonlyMap<string, string>;

/** Which declaration is in force, and by which and by what extraction the index was last made. */
const IN_FORCE = 'ResourceDefinition';
const INDEXED_BY = 'ResourceIndex';

/** Seconds after which the same write may have come to a node that has the declaration in force. */
const RETRY_AFTER = 5;

/** Digests of what is declared of types that a registry serves. */
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
 * Puts declarations in force: once it commits, nodes that were started with others write no more of those types. Gives
 * those whose index was made by another: a search parameter that was added would find nothing of what is stored.
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

/** Makes the index of types anew by the declarations that are in force. */
export async function indexAnew(due: Digests, engine: Engine): Promise<void> {
  for (const [name, digest] of due) {
    for await (const _ of engine.reindex([name]));
    const subject = { type: INDEXED_BY, id: name };
    await engine.transact((transaction) => noteApplied(transaction, subject, made(digest)));
  }
}

/** What is noted of an index that was made now. */
function made(digest: string): string {
  return `${EXTRACTION} ${digest}`;
}

/**
 * Refuses writes by a declaration that is not in force any more, where other nodes write too: they would be found by
 * what it says, and not by what the one in force does. It cannot change until such a write has ended.
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
    `Another server was started with another declaration of ${name}: this one takes no writes of it until it is ` +
      'started again.',
    { retryAfter: RETRY_AFTER },
  );
}
