/** Renders noted events as AuditEvents (https://hl7.org/fhir/R4/auditevent.html). */
import { isObject, type JsonObject } from '../../resources/json/value.ts';
import { ENDINGS, type Ending } from '../sessions/ending.ts';

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
/** The system of the codes for the server's own events: `AuditEvent?subtype=denied`. */
const KIND_SYSTEM = 'urn:ward:audit-event';

const AUTHENTICATION = { system: DICOM, code: '110114', display: 'User Authentication' };
const ALERT = { system: DICOM, code: '110113', display: 'Security Alert' };
const SECURITY_CONFIGURATION = { system: DICOM, code: '110129', display: 'Security Configuration' };
const LOGIN = { system: DICOM, code: '110122', display: 'Login' };
const LOGOUT = { system: DICOM, code: '110123', display: 'Logout' };

const QUERY = { system: 'http://terminology.hl7.org/CodeSystem/object-role', code: '24', display: 'Query' };

/** Every kind of event: its type, and a DICOM subtype (PS3.16 CID 403) if one fits. */
const KINDS = {
  /** A person authenticated, or failed to. */
  login: { type: AUTHENTICATION, subtype: [LOGIN] },
  'token-issued': { type: AUTHENTICATION, subtype: [] },
  'token-refused': { type: AUTHENTICATION, subtype: [] },
  /** A Session was ended early. */
  'token-revoked': { type: AUTHENTICATION, subtype: [LOGOUT] },
  /** Too many wrong guesses. */
  'locked-out': { type: ALERT, subtype: [] },
  denied: { type: ALERT, subtype: [] },
  /** A caller rotated the signing key. */
  'key-rotated': { type: ALERT, subtype: [SECURITY_CONFIGURATION] },
  /** There were more events than are recorded individually. */
  overflow: { type: ALERT, subtype: [] },
} as const;

export type AuditKind = keyof typeof KINDS;

/** The type of a reused token, instead of a logout. */
const REUSE = { type: ALERT, subtype: [] };

/** An event to record. It must not contain a secret, nor any part of a request that may be one. */
export interface AuditRecord {
  kind: AuditKind;
  /** https://hl7.org/fhir/R4/valueset-audit-event-outcome.html: success, minor and serious failure. */
  outcome: '0' | '4' | '8';
  /** The error code of a refusal. */
  reason?: string | undefined;
  /** Why a Session ended. */
  ending?: Ending | undefined;
  /** The ids of the User and the Client that the event is known to concern. */
  user?: string | undefined;
  client?: string | undefined;
  /** Who asked, if that may be someone else: `Type/id`, or empty for an anonymous caller. */
  asker?: string | undefined;
  /** The IP address of the request; absent if nobody asked. */
  address?: string | undefined;
  /** The affected resource: `Type/id`. */
  what?: string | undefined;
  /** The requested interaction: `GET Patient`. */
  asked?: string | undefined;
  /** The search that selected the Sessions, and how many were ended. */
  search?: { expression: string; ended: number } | undefined;
  /** The new signing key, and whether it immediately replaces all others. */
  rotation?: { kid: string; now: boolean } | undefined;
}

/** How often something happened, and when. Times are in milliseconds since the epoch. */
export interface Occurrences {
  count: number;
  first: number;
  last: number;
  /** The count per resource (`Type/id`), if one event covers several. */
  each?: ReadonlyMap<string, number>;
}

/** Identifies the server's own AuditEvents, independently of its address. */
export const OBSERVER = { system: 'urn:ward:audit-observer', value: 'ward' };

/** Returns the AuditEvent of a record, without the elements that the engine adds. */
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

/** Returns true for an AuditEvent created by the server itself. */
export function isOwnEvent({ source }: JsonObject): boolean {
  const observer = isObject(source) ? source['observer'] : undefined;
  const identifier = isObject(observer) ? observer['identifier'] : undefined;
  return isObject(identifier) && identifier['system'] === OBSERVER.system;
}

/** Returns true for an AuditEvent that carries one of the server's own codes, by which these events are searched. */
export function hasOwnKind({ type, subtype }: JsonObject): boolean {
  const codings = [type, ...(Array.isArray(subtype) ? subtype : [])];
  return codings.some((coding) => isObject(coding) && coding['system'] === KIND_SYSTEM);
}

/**
 * In R4, `who` cannot refer to a User or Client, so agents are named by `altId`, their id in an authentication system.
 */
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

/** A separate entity: an entity has a name or a query, never both (constraint sev-1 of R4). */
function queryOf(expression: string): JsonObject {
  return { role: QUERY, query: Buffer.from(expression).toString('base64') };
}

function instant(time: number): string {
  return new Date(time).toISOString();
}
