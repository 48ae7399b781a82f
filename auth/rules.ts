import type { Change, Transaction, TypeRule } from '../resources/engine.ts';
import { Failure } from '../resources/errors.ts';
import { equalJson } from '../resources/json/equal.ts';
import type { JsonObject } from '../resources/json/value.ts';
import { parameterNumber } from '../resources/search/tables.ts';
import { forgetRoot } from './bootstrap.ts';
import { policyIssues } from './policies/compile.ts';
import { endSession } from './sessions.ts';
import { isUsable } from './stored.ts';

/** What the auth module's own types demand beyond their structure: given to the engine when it is made. */
export function createRules(): Record<string, TypeRule> {
  return {
    Client: {
      effect: async (transaction, change) => {
        if (hasLostAccess(change)) await endSessionsOf(transaction, 'client', change);
        if (!change.after) await forgetRoot(transaction, change.id);
      },
    },
    User: {
      effect: async (transaction, change) => {
        if (hasLostAccess(change)) await endSessionsOf(transaction, 'user', change);
      },
    },
    Session: { check: checkSession, effect: closeSession },
    AccessPolicy: { validate: policyIssues },
  };
}

/** True where what was issued on this account's word must end: it is gone, switched off or has another secret. */
function hasLostAccess({ before, after, credentialChanged }: Change): boolean {
  if (!after) return true;
  return before !== undefined && (credentialChanged || !isUsable(after));
}

async function endSessionsOf(transaction: Transaction, element: 'client' | 'user', change: Change): Promise<void> {
  // Only Sessions that still hold a token: those that ended long ago need no second look.
  const open = await transaction.all<{ id: string }>(
    'SELECT r.id FROM search_reference s JOIN resource r ON r.key = s.key WHERE s.param = ? AND s.target = ? ' +
      'AND s.target_type = ? AND EXISTS (SELECT 1 FROM credential c WHERE c.key = r.key)',
    [parameterNumber('Session', element), change.id, change.type],
  );
  for (const { id } of open) await endSession(transaction, id);
}

/** A caller may do one thing to a Session: switch it off, for good. */
function checkSession(write: { before: JsonObject | undefined; after: JsonObject | undefined; by: string }): void {
  const { before, after, by } = write;
  if (by === 'server' || !after) return;
  if (!before) throw new Failure('business-rule', 'Sessions are made by the token endpoint: POST /auth/token.');
  const element = changedElement(before, after);
  if (element !== undefined) {
    throw new Failure(
      'business-rule',
      `Session.${element} is set by the server: a caller may only set active to false.`,
      {
        expression: `Session.${element}`,
      },
    );
  }
  if (before['active'] === false && after['active'] !== false) {
    throw new Failure('business-rule', 'A Session that has ended stays ended.', { expression: 'Session.active' });
  }
}

// The engine sets these itself, and `active` has a rule of its own.
const UNCOMPARED = new Set(['resourceType', 'id', 'meta', 'active']);

function changedElement(before: JsonObject, after: JsonObject): string | undefined {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].find((name) => {
    if (UNCOMPARED.has(name)) return false;
    const [was, is] = [before[name], after[name]];
    return was === undefined || is === undefined || !equalJson(was, is);
  });
}

/** Without its credentials a Session's tokens are nothing: a Session that is over has none. */
async function closeSession(transaction: Transaction, { id, key, after }: Change): Promise<void> {
  if (after?.['active'] !== false) return;
  await transaction.credentials.remove(key);
  if (after['end'] !== undefined) return;
  const end = new Date(transaction.now).toISOString();
  await transaction.update('Session', id, { ...after, end }, { by: 'server' });
}
