/** What was noted as an AuditEvent (https://hl7.org/fhir/R4/auditevent.html). */
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { ENDINGS, type Ending } from '../sessions/ending.ts';

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
/** The system of the codes by which the server's own events are told apart: `AuditEvent?subtype=denied`. */
const KIND_SYSTEM = 'urn:ward:audit-event';

const AUTHENTICATION = { system: DICOM, code: '110114', display: 'User Authentication' };
const ALERT = { system: DICOM, code: '110113', display: 'Security Alert' };
const SECURITY_CONFIGURATION = { system: DICOM, code: '110129', display: 'Security Configuration' };
const LOGIN = { system: DICOM, code: '110122', display: 'Login' };
const LOGOUT = { system: DICOM, code: '110123', display: 'Logout' };

const QUERY = { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '24', display: 'Query' };

/** Every kind of event: its type, and a subtype of DICOM's (PS3.16 CID 403) where there is one for it. */
const KINDS = {
  /** A person proved, or failed to prove, who they are. */
  login: { type: AUTHENTICATION, subtype: [LOGIN] },
  'token-issued': { type: AUTHENTICATION, subtype: [] },
  'token-refused': { type: AUTHENTICATION, subtype: [] },
  /** A Session ended before its time. */
  'token-revoked': { type: AUTHENTICATION, subtype: [LOGOUT] },
  /** Too many wrong guesses. */
  'locked-out': { type: ALERT, subtype: [] },
  denied: { type: ALERT, subtype: [] },
  /** A caller had a signing key made. */
  'key-rotated': { type: ALERT, subtype: [SECURITY_CONFIGURATION] },
  /** There were more events than are kept one by one. */
  overflow: { type: ALERT, subtype: [] },
} as const;

export type AuditKind = keyof typeof KINDS;

/** What a token that was used twice is told as: no logout. */
const REUSE = { type: ALERT, subtype: [] };

/** Something to be told of. It must hold no secret, and nothing of a request that may be one. */
export interface AuditRecord {
  kind: AuditKind;
  /** https://hl7.org/fhir/R4/valueset-audit-event-outcome.html: success, minor and serious failure. */
  outcome: '0' | '4' | '8';
  /** The code of a refusal. */
  reason?: string | undefined;
  /** Why a Session ended. */
  ending?: Ending | undefined;
  /** The ids of a User and a Client that it is known to be about. */
  user?: string | undefined;
  client?: string | undefined;
  /** Who asked, where that may be another: `Type/id`, or empty for the anonymous. */
  asker?: string | undefined;
  /** The address that was asked from; none where nobody asked. */
  address?: string | undefined;
  /** What it was done to: `Type/id`. */
  what?: string | undefined;
  /** What was asked for: `GET Patient`. */
  asked?: string | undefined;
  /** The search that it was done by, and to how many of what it found. */
  search?: { expression: string; ended: number } | undefined;
  /** The signing key that was made, and whether it signs at once, in place of all others. */
  rotation?: { kid: string; now: boolean } | undefined;
}

/** How often something happened, and when; times in milliseconds. */
export interface Occurrences {
  count: number;
  first: number;
  last: number;
  /** How often to each resource (`Type/id`), where several are told of together. */
  each?: ReadonlyMap<string, number>;
}

/** By this the server knows its own AuditEvents, whatever its address is. */
export const OBSERVER = { system: 'urn:ward:audit-observer', value: 'ward' };

/** The AuditEvent of a record, without what the engine adds. */
export function auditEvent(record: AuditRecord, occurrences: Occurrences, site: string): JsonObject {
  const { count, first, last } = occurrences;
  const { kind, outcome, reason, ending } = record;
  const { type, subtype } = ending && ENDINGS[ending] !== '0' ? REUSE : KINDS[kind];
  const codes = ending ? [kind, ending] : [kind];
  const entity = entitiesOf(record, occurrences);
  return {
    type,
    subtype: [...codes.map((code) => ({ system: KIND_SYSTEM, code })), ...subtype],
    action: 'E',
    ...(count > 1 ? { period: { start: instant(first), end: instant(last) } } : {}),
    recorded: instant(first),
    outcome,
    ...(reason === undefined ? {} : { outcomeDesc: reason }),
    agent: agentsOf(record),
    source: { site, observer: { identifier: OBSERVER, display: 'Ward' } },
    ...(entity.length > 0 ? { entity } : {}),
  };
}

/** True for an AuditEvent that the server itself has made. */
export function isOwnEvent({ source }: JsonObject): boolean {
  const observer = isObject(source) ? source['observer'] : undefined;
  const identifier = isObject(observer) ? observer['identifier'] : undefined;
  return isObject(identifier) && identifier['system'] === OBSERVER.system;
}

/** True for an AuditEvent that says by a code of the server's own what kind it is of: by these they are searched. */
export function hasOwnKind({ type, subtype }: JsonObject): boolean {
  const codings = [type, ...(Array.isArray(subtype) ? subtype : [])];
  return codings.some((coding) => isObject(coding) && coding['system'] === KIND_SYSTEM);
}

/** R4 lets `who` point to neither a User nor a Client: `altId` is what an authentication system calls an agent. */
function agentsOf({ user, client, asker, address }: AuditRecord): JsonObject[] {
  const names = new Set([asker, user && `User/${user}`, client && `Client/${client}`]);
  const [first = '', ...others] = [...names].filter((name) => name !== undefined);
  const network = address ? { network: { address, type: '2' } } : {};
  return [
    { ...(first === '' ? {} : { altId: first }), requestor: address !== undefined, ...network },
    ...others.map((altId) => ({ altId, requestor: false })),
  ];
}

function entitiesOf(record: AuditRecord, { count, each }: Occurrences): JsonObject[] {
  if (each) return [...each].map(([what, times]) => entityOf({ ...record, what }, times));
  const { search } = record;
  const entity = entityOf(record, count);
  return [...(Object.keys(entity).length === 0 ? [] : [entity]), ...(search ? [queryOf(search.expression)] : [])];
}

function entityOf({ what, asked, search, rotation }: AuditRecord, count: number): JsonObject {
  const detail = [
    ...(count === 1 ? [] : [{ type: 'count', valueString: String(count) }]),
    ...(search ? [{ type: 'ended', valueString: String(search.ended) }] : []),
    ...Object.entries(rotation ?? {}).map(([type, value]) => ({ type, valueString: String(value) })),
  ];
  return {
    ...(what === undefined ? {} : { what: { reference: what } }),
    ...(asked === undefined ? {} : { name: asked }),
    ...(detail.length === 0 ? {} : { detail }),
  };
}

/** An entity of its own: one has a name or a query, never both (R4's rule sev-1). */
function queryOf(expression: string): JsonObject {
  return { role: QUERY, query: Buffer.from(expression).toString('base64') };
}

function instant(time: number): string {
  return new Date(time).toISOString();
}
