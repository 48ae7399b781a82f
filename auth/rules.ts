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

/** Returns the rules of the auth module's own types beyond their structure, for the engine. */
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

/** Returns why the Sessions of a Client or User must end: it was deleted, switched off, or lost a secret or a key. */
function lostAccess(change: Change): 'deleted' | 'deactivated' | 'credential-changed' | undefined {
  const { before, after, credentialChanged } = change;
  if (!after) return 'deleted';
  if (!before) return undefined;
  if (!isUsable(after)) return 'deactivated';
  return credentialChanged || hasLostKeys(before, after) ? 'credential-changed' : undefined;
}

/** What policies judge a User by, and the switch that blocks sign-in. */
const JUDGED_BY = ['roles', 'data', 'fhirUser', 'inactive'];

/** A caller who is permitted only some rows must not change what policies judge by, neither of others nor of itself. */
function keepWhatPoliciesGoBy({ before = {}, after, narrowed }: Checked): void {
  if (!narrowed || !after) return;
  if (JUDGED_BY.some((name) => !equalJson(before[name] ?? null, after[name] ?? null))) throw notPermitted();
}

/** The server's own AuditEvents are immutable: no caller may create, change or delete one. */
function keepOwnEvents({ before = {}, after = {}, by }: Checked): void {
  if (by === 'server') return;
  const isOwn = isOwnEvent(before) || isOwnEvent(after);
  if (!isOwn && !hasOwnKind(after)) return;
  throw new Failure(
    'business-rule',
    'AuditEvents of the server itself are created only by the server and cannot be changed.',
    {
      expression: isOwn ? 'AuditEvent.source.observer' : 'AuditEvent.subtype',
    },
  );
}

/** The only change a caller may make to a Session is to end it, for good. */
function checkSession({ before, after, by }: Checked): void {
  if (by === 'server' || !after) return;
  if (!before) throw new Failure('business-rule', 'Sessions are created only by POST /auth/token.');
  const element = changedElement(before, after);
  if (element !== undefined) {
    throw new Failure(
      'business-rule',
      `Session.${element} is set by the server: callers may only set active to false.`,
      {
        expression: `Session.${element}`,
      },
    );
  }
  if (before['active'] === false && after['active'] !== false) {
    throw new Failure('business-rule', 'An ended Session cannot become active again.', {
      expression: 'Session.active',
    });
  }
}

// The engine sets these itself; `active` is checked separately.
const UNCOMPARED = new Set(['resourceType', 'id', 'meta', 'active']);

function changedElement(before: JsonObject, after: JsonObject): string | undefined {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].find((name) => {
    if (UNCOMPARED.has(name)) return false;
    const [was, is] = [before[name], after[name]];
    return was === undefined || is === undefined || !equalJson(was, is);
  });
}

/** Sets the `end` of a Session that is no longer active. */
function completeSession({ after, now }: { after: JsonObject; now: number }): JsonObject | undefined {
  if (after['active'] !== false || after['end'] !== undefined) return undefined;
  return { ...after, end: new Date(now).toISOString() };
}

/** Removes the credentials of an ended Session, which makes its tokens invalid. */
async function closeSession(transaction: Transaction, { key, after }: Change): Promise<void> {
  if (after?.['active'] === false) await transaction.credentials.remove(key);
}
