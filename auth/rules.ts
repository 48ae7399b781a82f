import { notPermitted } from '../resources/access.ts';
import type { Change, Transaction, TypeRule } from '../resources/engine.ts';
import { Failure } from '../resources/errors.ts';
import { equalJson } from '../resources/json/equal.ts';
import type { JsonObject } from '../resources/json/value.ts';
import type { Registry } from '../resources/registry.ts';
import { hasOwnKind, isOwnEvent } from './audit/audit-event.ts';
import { endSignIns } from './authorization/sign-ins.ts';
import { forgetRoot } from './bootstrap.ts';
import { clientIssues } from './clients/client-issues.ts';
import type { KeySettings } from './clients/client-key-issues.ts';
import { hasLostKeys } from './clients/lost-keys.ts';
import { policyIssues } from './policies/compile.ts';
import { cutOff } from './sessions/revocation.ts';
import { isUsable } from './stored.ts';

type Checked = Parameters<NonNullable<TypeRule['check']>>[0];

/** What the auth module's own types demand beyond their structure: given to the engine when it is made. */
export function createRules(registry: Registry, settings: KeySettings): Record<string, TypeRule> {
  return {
    Client: {
      validate: (client) => clientIssues(client, settings),
      effect: async (transaction, change) => {
        const ending = lostAccess(change);
        if (ending) await cutOff(transaction, 'Client', change.id, { ...change.cause, ending: `client-${ending}` });
        if (!change.after) await forgetRoot(transaction, change.id);
      },
    },
    User: {
      check: keepWhatPoliciesGoBy,
      effect: async (transaction, change) => {
        const ending = lostAccess(change);
        if (!ending) return;
        await cutOff(transaction, 'User', change.id, { ...change.cause, ending: `user-${ending}` });
        await endSignIns(transaction, change);
      },
    },
    Session: { check: checkSession, complete: completeSession, effect: closeSession },
    AuditEvent: { check: keepOwnEvents },
    AccessPolicy: {
      validate: (policy) => policyIssues(policy, { registry, base: '', clock: () => 0 }),
    },
  };
}

/** Why what was issued on its word must end: an account is gone, switched off or has lost a secret or a key. */
function lostAccess(change: Change): 'deleted' | 'deactivated' | 'credential-changed' | undefined {
  const { before, after, credentialChanged } = change;
  if (!after) return 'deleted';
  if (!before) return undefined;
  if (!isUsable(after)) return 'deactivated';
  return credentialChanged || hasLostKeys(before, after) ? 'credential-changed' : undefined;
}

/** What policies judge a User by, and what keeps it from signing in. */
const JUDGED_BY = ['roles', 'data', 'fhirUser', 'inactive'];

/** Whoever is let through for some rows alone must not move the bounds: not of others, and not its own. */
function keepWhatPoliciesGoBy({ before = {}, after, narrowed }: Checked): void {
  if (!narrowed || !after) return;
  if (JUDGED_BY.some((name) => !equalJson(before[name] ?? null, after[name] ?? null))) throw notPermitted();
}

/** What the server tells of itself is what it was: no caller may write such an AuditEvent, change or delete one. */
function keepOwnEvents({ before = {}, after = {}, by }: Checked): void {
  if (by === 'server') return;
  const isOwn = isOwnEvent(before) || isOwnEvent(after);
  if (!isOwn && !hasOwnKind(after)) return;
  throw new Failure('business-rule', 'AuditEvents of the server itself are made by it alone, and stay as they are.', {
    expression: isOwn ? 'AuditEvent.source.observer' : 'AuditEvent.subtype',
  });
}

/** A caller may do one thing to a Session: switch it off, for good. */
function checkSession({ before, after, by }: Checked): void {
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

/** A Session that is over says when it ended. */
function completeSession({ after, now }: { after: JsonObject; now: number }): JsonObject | undefined {
  if (after['active'] !== false || after['end'] !== undefined) return undefined;
  return { ...after, end: new Date(now).toISOString() };
}

/** Without its credentials a Session's tokens are nothing: a Session that is over has none. */
async function closeSession(transaction: Transaction, { key, after }: Change): Promise<void> {
  if (after?.['active'] === false) await transaction.credentials.remove(key);
}
