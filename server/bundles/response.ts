import { Failure } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import { writeOutcome } from '../answer.ts';
import type { Result } from '../interactions/interaction.ts';
import { prefers } from '../preferences.ts';
import { operationOutcome } from '../respond.ts';
import type { BundleEntry } from './entry.ts';

/** The Bundle that answers one, as JSON text: what became of each entry, in their order (FHIR R4 §3.1.0.11.1). */
export function responseBundle(
  type: string,
  entries: readonly (BundleEntry | Failure)[],
  outcomes: readonly (Result | Failure)[],
): string {
  const parts = outcomes.map((outcome, index) => {
    const entry = entries[index];
    return outcome instanceof Failure || !entry || entry instanceof Failure
      ? failed(outcome instanceof Failure ? outcome : new Failure('internal', 'The entry was not done.'))
      : told(entry, outcome);
  });
  return (
    `{"resourceType":"Bundle","type":"${type}-response"` +
    // An empty array is not valid FHIR.
    (parts.length === 0 ? '}' : `,"entry":[${parts.join(',')}]}`)
  );
}

function failed({ status, issues }: Failure): string {
  return `{"response":{"status":"${status}","outcome":${renderJson(operationOutcome(issues))}}}`;
}

function told(entry: BundleEntry, result: Result): string {
  const { base } = entry.request;
  const { status, version } = result;
  const body = bodyOf(entry, result);
  const members: string[] = [];
  if (version && status !== 204) members.push(`"fullUrl":${JSON.stringify(`${base}/${version.type}/${version.id}`)}`);
  if (body) members.push(`"resource":${body}`);
  members.push(`"response":{${response(entry, result).join(',')}}`);
  return `{${members.join(',')}}`;
}

/** The text that comes with the answer to an entry, as it would with that to a request by itself. */
function bodyOf(
  { request, method }: BundleEntry,
  { status, version, text, written }: Result,
): string | null | undefined {
  if (status === 204 || status === 304 || method === 'HEAD') return undefined;
  const preferred = written && prefers(request, 'return');
  return preferred === 'minimal' || preferred === 'OperationOutcome' ? undefined : (text ?? version?.text);
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
