import { Failure } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import { writeOutcome } from '../http/answer.ts';
import { prefers } from '../http/preferences.ts';
import { operationOutcome } from '../http/respond.ts';
import type { Result } from '../interactions/interaction.ts';
import type { BundleEntry } from './entry.ts';
import { isWrite } from './run.ts';

/** Renders the response Bundle as JSON text, with the outcome of each entry in order (FHIR R4 §3.1.0.11.1). */
export function responseBundle(type: string, outcomes: readonly (string | Failure)[]): string {
  const parts = outcomes.map((outcome) => (outcome instanceof Failure ? failed(outcome) : outcome));
  return (
    `{"resourceType":"Bundle","type":"${type}-response"` +
    // An empty array is not valid FHIR.
    (parts.length === 0 ? '}' : `,"entry":[${parts.join(',')}]}`)
  );
}

function failed({ status, issues }: Failure): string {
  return `{"response":{"status":"${status}","outcome":${renderJson(operationOutcome(issues))}}}`;
}

/** Renders the outcome of an entry as JSON text, immediately, so that nothing else of it stays in memory. */
export function entryAnswer(entry: BundleEntry, result: Result, how?: 'without its body'): string {
  const { base } = entry.request;
  const { status, version } = result;
  const body = how === undefined ? bodyOf(entry, result) : undefined;
  const members: string[] = [];
  if (version && status !== 204) members.push(`"fullUrl":${JSON.stringify(`${base}/${version.type}/${version.id}`)}`);
  if (body) members.push(`"resource":${body}`);
  members.push(`"response":{${response(entry, result).join(',')}}`);
  return `{${members.join(',')}}`;
}

/** Returns the body for an entry, the same that a single request would get. */
function bodyOf(entry: BundleEntry, { status, version, text }: Result): string | null | undefined {
  return status === 204 || status === 304 || !givesBody(entry) ? undefined : (text ?? version?.text);
}

/** Returns true if the response to an entry includes a resource, if there is one. */
export function givesBody(entry: BundleEntry): boolean {
  if (!isWrite(entry)) return entry.method !== 'HEAD';
  const preferred = prefers(entry.request, 'return');
  return entry.interaction.name !== 'delete' && preferred !== 'minimal' && preferred !== 'OperationOutcome';
}

function response({ request }: BundleEntry, { status, version, written }: Result): string[] {
  const members = [`"status":"${status}"`];
  if (!version) return members;
  const { type, id, versionId, lastUpdated } = version;
  if (written) members.push(`"location":${JSON.stringify(`${request.base}/${type}/${id}/_history/${versionId}`)}`);
  members.push(`"etag":${JSON.stringify(`W/"${versionId}"`)}`);
  members.push(`"lastModified":"${new Date(lastUpdated).toISOString()}"`);
  if (written && prefers(request, 'return') === 'OperationOutcome') {
    members.push(`"outcome":${renderJson(writeOutcome(version, written))}`);
  }
  return members;
}
