import { Failure } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import { writeOutcome } from '../http/answer.ts';
import { prefers } from '../http/preferences.ts';
import { operationOutcome } from '../http/respond.ts';
import type { Result } from '../interactions/interaction.ts';
import type { BundleEntry } from './entry.ts';
import { isWrite } from './run.ts';

/** The Bundle that answers one, as JSON text: what became of each entry, in their order (FHIR R4 §3.1.0.11.1). */
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

/** What became of an entry that was done, as JSON text; rendered at once, so that nothing else is kept of it. */
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

/** The text that comes with the answer to an entry, as it would with that to a request by itself. */
function bodyOf(entry: BundleEntry, { status, version, text }: Result): string | null | undefined {
  return status === 204 || status === 304 || !givesBody(entry) ? undefined : (text ?? version?.text);
}

/** True for an entry whose answer has a resource, unless there is none to give. */
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
