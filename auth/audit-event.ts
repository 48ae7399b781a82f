/** What was noted as an AuditEvent (https://hl7.org/fhir/R4/auditevent.html). */
import { isObject, type JsonObject } from '../resources/json/value.ts';

const DICOM = 'http://dicom.nema.org/resources/ontology/DCM';
/** The system of the codes by which the server's own events are told apart: `AuditEvent?subtype=denied`. */
const KIND_SYSTEM = 'urn:ward:audit-event';

const AUTHENTICATION = { system: DICOM, code: '110114', display: 'User Authentication' };
const ALERT = { system: DICOM, code: '110113', display: 'Security Alert' };
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
  /** There were more events than are kept one by one. */
  overflow: { type: ALERT, subtype: [] },
} as const;

export type AuditKind = keyof typeof KINDS;

/** Something to be told of. It must hold no secret, and nothing of a request that may be one. */
export interface AuditRecord {
  kind: AuditKind;
  /** https://hl7.org/fhir/R4/valueset-audit-event-outcome.html: success, minor and serious failure. */
  outcome: '0' | '4' | '8';
  /** The code of a refusal. */
  reason?: string | undefined;
  /** The ids of a User and a Client that it is known to be about. */
  user?: string | undefined;
  client?: string | undefined;
  /** The address that was asked from; none where nobody asked. */
  address?: string | undefined;
  /** What it was done to: `Type/id`. */
  what?: string | undefined;
  /** What was asked for: `GET Patient`. */
  asked?: string | undefined;
  /** The search that it was done by, and to how many of what it found. */
  search?: { expression: string; ended: number } | undefined;
}

/** How often something happened, and when; times in milliseconds. */
export interface Occurrences {
  count: number;
  first: number;
  last: number;
}

/** By this the server knows its own AuditEvents, whatever its address is. */
export const OBSERVER = { system: 'urn:ward:audit-observer', value: 'ward' };

/** The AuditEvent of a record, without what the engine adds. */
export function auditEvent(record: AuditRecord, { count, first, last }: Occurrences, site: string): JsonObject {
  const { kind, outcome, reason } = record;
  const { type, subtype } = KINDS[kind];
  const entity = entitiesOf(record, count);
  return {
    type,
    subtype: [{ system: KIND_SYSTEM, code: kind }, ...subtype],
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

/** R4 lets `who` point to neither a User nor a Client: `altId` is what an authentication system calls an agent. */
function agentsOf({ user, client, address }: AuditRecord): JsonObject[] {
  const names = [user && `User/${user}`, client && `Client/${client}`].filter((name) => name !== undefined);
  const network = address ? { network: { address, type: '2' } } : {};
  if (names.length === 0) return [{ requestor: address !== undefined, ...network }];
  return names.map((altId, place) => {
    return place === 0 ? { altId, requestor: address !== undefined, ...network } : { altId, requestor: false };
  });
}

function entitiesOf({ what, asked, search }: AuditRecord, count: number): JsonObject[] {
  const detail = [
    ...(count === 1 ? [] : [{ type: 'count', valueString: String(count) }]),
    ...(search ? [{ type: 'ended', valueString: String(search.ended) }] : []),
  ];
  const entity = {
    ...(what === undefined ? {} : { what: { reference: what } }),
    ...(asked === undefined ? {} : { name: asked }),
    ...(detail.length === 0 ? {} : { detail }),
  };
  return [...(Object.keys(entity).length === 0 ? [] : [entity]), ...(search ? [queryOf(search.expression)] : [])];
}

/** An entity of its own: one has a name or a query, never both (R4's rule sev-1). */
function queryOf(expression: string): JsonObject {
  return { role: QUERY, query: Buffer.from(expression).toString('base64') };
}

function instant(time: number): string {
  return new Date(time).toISOString();
}
