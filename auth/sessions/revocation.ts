/** Revocation of many Sessions, in jobs of bounded size, since all other writes wait for a job. */
import type { Clock } from '../../resources/clock.ts';
import type { Engine, Transaction, Version, Work, WriteOptions } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import type { Registry } from '../../resources/registry.ts';
import { parseSearch } from '../../resources/search/parse.ts';
import type { ParsedSearch } from '../../resources/search/plan.ts';
import type { Address } from '../../resources/storage/known-versions.ts';
import { endSignIns } from '../authorization/sign-ins.ts';
import type { Chore } from '../chore.ts';
import { currentStored, storedOf } from '../stored.ts';
import type { Ending, SessionEnd } from './ending.ts';
import { endSession, idIn } from './sessions.ts';

const SESSIONS_A_JOB = 50;

/**
 * Ends every active Session that a search finds, on behalf of a caller who may write these rows. Returns how many were
 * ended. Their Users are signed out too, and so are the Users with the ids `named`, whose Sessions may all be over:
 * otherwise a signed-in browser would get new tokens at once. Each job is atomic. Rejects with `forbidden` if a
 * Session, once ended, is not among the rows that the caller may write.
 */
export async function endFound(
  engine: Engine,
  search: ParsedSearch,
  caller: Pick<WriteOptions, 'rows' | 'cause'>,
  named: readonly string[],
): Promise<number> {
  const page: ParsedSearch = { ...search, count: SESSIONS_A_JOB, total: 'none', sort: [], includes: [] };
  for (let ended = 0; ; ) {
    const end: Work<{ found: number; done: number }> = (transaction) => endPage(transaction, page, caller, named);
    const { found, done } = await engine.transact(end).catch((error: unknown) => {
      throw ended > 0 && error instanceof Failure && error.code === 'busy' ? cutShort(ended, error) : error;
    });
    ended += done;
    // An ended Session is not found again. If none could be ended, the same ones would be found forever.
    if (found < SESSIONS_A_JOB || done === 0) return ended;
  }
}

/** The failed job says that nothing was stored, which is not true of the jobs before it. */
function cutShort(ended: number, cause: Failure): Failure {
  const message = `${ended} Sessions have ended, but others may not have. Send the request again.`;
  return new Failure('busy', message, { retryAfter: 1, cause });
}

async function endPage(
  transaction: Transaction,
  page: ParsedSearch,
  caller: Pick<WriteOptions, 'rows' | 'cause'>,
  named: readonly string[],
): Promise<{ found: number; done: number }> {
  const { matches } = await transaction.search(page);
  await transaction.look([...matches, ...usersOf(matches, named)]);
  const users = new Set(named);
  let done = 0;
  for (const id of idsOf(matches)) {
    const session = await currentStored(transaction, 'Session', id);
    if (!session || session.resource['active'] === false) continue;
    await transaction.update('Session', id, { ...session.resource, active: false }, { by: 'caller', ...caller });
    users.add(idIn(session.resource, 'user') ?? '');
    done += 1;
  }
  for (const id of [...users].sort()) await signOut(transaction, id);
  return { found: matches.length, done };
}

/** Returns the addresses of the Users of the Sessions, and of those with the ids `named`. */
function usersOf(sessions: readonly Version[], named: readonly string[]): Address[] {
  const ids = sessions.flatMap((session) => idIn(storedOf(session)?.resource ?? {}, 'user') ?? []);
  return [...new Set([...named, ...ids])].map((id) => ({ type: 'User', id }));
}

/** Ends the sign-ins and codes of the User with this id, if there is one. */
async function signOut(transaction: Transaction, id: string): Promise<void> {
  const user = id === '' ? undefined : await currentStored(transaction, 'User', id);
  if (user) await endSignIns(transaction, user);
}

/**
 * Revokes the Sessions of a Client or User inside the job that changes it. Their tokens are invalid from its commit on.
 * If there are more Sessions than one job may end, `finishCutOffs` marks the others as ended.
 */
export async function cutOff(
  transaction: Transaction,
  type: 'Client' | 'User',
  id: string,
  end: SessionEnd,
): Promise<void> {
  const open = openSessions(type, id);
  const found = await transaction.matches('Session', open, SESSIONS_A_JOB + 1);
  const first = found.slice(0, SESSIONS_A_JOB);
  await transaction.look(first);
  await transaction.credentials.removeFound('Session', open);
  for (const session of first) await endSession(transaction, session.id, end);
  if (found.length <= SESSIONS_A_JOB) return;
  const { ending, asker = null, address = null } = end;
  const sql = 'INSERT INTO cut_off (type, id, ending, asker, address) VALUES (?, ?, ?, ?, ?)';
  await transaction.run(sql, [type, id, ending, asker, address]);
}

/** Returns the chore that marks the remaining Sessions of `cutOff` as ended. Any node may run it. */
export function finishCutOffs(context: { engine: Engine; registry: Registry; clock: Clock }): Chore {
  const { engine } = context;
  return {
    name: 'Ending Sessions without valid tokens',
    seconds: 5,
    async run(signal) {
      const sql = 'SELECT key, type, id, ending, asker, address FROM cut_off ORDER BY key';
      const left = await engine.committed.all<CutOff>(sql);
      for (const cut of left) {
        await endWithoutTokens(context, cut, signal);
        if (signal.aborted) return;
        await engine.transact((transaction) => transaction.run('DELETE FROM cut_off WHERE key = ?', [cut.key]));
      }
    },
  };
}

interface CutOff {
  key: number;
  type: 'Client' | 'User';
  id: string;
  ending: Ending;
  asker: string | null;
  address: string | null;
}

async function endWithoutTokens(
  { engine, registry, clock }: Parameters<typeof finishCutOffs>[0],
  { type, id, ending, asker, address }: CutOff,
  signal: AbortSignal,
): Promise<void> {
  const end = { ending, asker: asker ?? undefined, address: address ?? undefined };
  let cursor: string | undefined;
  do {
    const place: [string, string][] = cursor === undefined ? [] : [['_cursor', cursor]];
    const shape: [string, string][] = [['_count', String(SESSIONS_A_JOB)], ['_total', 'none'], ...place];
    const search = parseSearch(registry, 'Session', [...openSessions(type, id), ...shape], { base: '', now: clock() });
    const { matches, next } = await engine.search(search);
    await engine.transact(async (transaction) => {
      for (const { id } of matches) {
        const current = await currentStored(transaction, 'Session', id);
        // A Session that has tokens was started after the cut-off.
        if (!current || (await transaction.credentials.of(current.key)).length > 0) continue;
        await endSession(transaction, id, end);
      }
    }, matches);
    cursor = next;
  } while (cursor !== undefined && !signal.aborted);
}

function openSessions(type: 'Client' | 'User', id: string): [name: string, value: string][] {
  return [
    [type === 'Client' ? 'client' : 'user', `${type}/${id}`],
    ['active', 'true'],
  ];
}

/** Sorted for the case that rows are locked as they are read: all nodes then do so in the same order. */
function idsOf(matches: readonly Version[]): string[] {
  return matches.map(({ id }) => id).sort();
}
