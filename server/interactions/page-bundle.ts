import type { SearchPage, Version } from '../../resources/engine.ts';
import { Failure, type Issue } from '../../resources/errors.ts';
import { renderJson } from '../../resources/json/render.ts';
import type { Cursors } from '../http/cursors.ts';
import { LONGEST_LINK } from '../http/head-limits.ts';
import { operationOutcome } from '../http/respond.ts';

/** The input for the text of a page. */
export interface BundlePage {
  /** The base of the links. */
  base: string;
  /** The path of the request below the base, without its query: `Patient`, `Patient/1/_history`. */
  path: string;
  /** The parameters of the request, without the cursor. */
  parameters: readonly (readonly [string, string])[];
  page: SearchPage;
  cursors: Cursors;
}

/** Why a resource is in a searchset (https://hl7.org/fhir/R4/valueset-search-entry-mode.html). */
export type EntryMode = 'match' | 'include';

/** Renders a searchset as JSON text: resources by `textOf`, warnings as an OperationOutcome (FHIR R4 §3.1.1.5). */
export function searchset(
  bundle: BundlePage,
  included: readonly Version[],
  textOf: (version: Version, mode: EntryMode) => string,
  warnings: readonly Issue[],
): string {
  const entry = (version: Version, mode: EntryMode) =>
    `{"fullUrl":${fullUrl(bundle.base, version)},"resource":${textOf(version, mode)},"search":{"mode":"${mode}"}}`;
  const entries = [
    ...bundle.page.matches.map((version) => entry(version, 'match')),
    ...included.map((version) => entry(version, 'include')),
  ];
  if (warnings.length > 0)
    entries.push(`{"resource":${renderJson(operationOutcome(warnings))},"search":{"mode":"outcome"}}`);
  return render('searchset', bundle, entries);
}

/** Renders a history as JSON text: each entry has the request that made the version (FHIR R4 §3.1.0.12). */
export function history(bundle: BundlePage): string {
  const entries = bundle.page.matches.map((version) => {
    const { type, id, versionId, lastUpdated, method, text, made } = version;
    const resource = text === null ? '' : `"resource":${text},`;
    const url = method === 'POST' ? type : `${type}/${id}`;
    const status = method === 'DELETE' ? '204' : made ? '201' : '200';
    const etag = JSON.stringify(`W/"${versionId}"`);
    const time = new Date(lastUpdated).toISOString();
    return (
      `{"fullUrl":${fullUrl(bundle.base, version)},${resource}"request":{"method":"${method}","url":"${url}"},` +
      `"response":{"status":"${status}","etag":${etag},"lastModified":"${time}"}}`
    );
  });
  return render('history', bundle, entries);
}

function render(type: string, bundle: BundlePage, entries: readonly string[]): string {
  const { total } = bundle.page;
  return (
    `{"resourceType":"Bundle","type":"${type}",` +
    (total === undefined ? '' : `"total":${total},`) +
    `"link":[${links(bundle)}]` +
    // An empty array is not valid FHIR.
    (entries.length === 0 ? '' : `,"entry":[${listed(entries)}]`) +
    '}'
  );
}

/** Joins texts with commas, as a rope: unlike `join`, this copies nothing until it is sent. */
function listed(texts: readonly string[]): string {
  let list = '';
  for (const text of texts) list += list === '' ? text : `,${text}`;
  return list;
}

function links({ base, path, parameters, page, cursors }: BundlePage): string {
  const address = (pairs: readonly (readonly [string, string])[]) => {
    const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
    return `${base}/${path}${query === '' ? '' : `?${query}`}`;
  };
  const self = JSON.stringify({ relation: 'self', url: address(parameters) });
  if (page.next === undefined) return self;
  const url = address([...parameters, ['_cursor', cursors.close(page.next)]]);
  // The form of a search may be longer than any URL: a link that cannot be followed would look like the last page.
  if (url.length > LONGEST_LINK) {
    const message = 'The URL of the next page would be too long: use fewer values, or a _count that fits one page.';
    throw new Failure('parameter', message);
  }
  return `${self},${JSON.stringify({ relation: 'next', url })}`;
}

function fullUrl(base: string, { type, id }: Version): string {
  return JSON.stringify(`${base}/${type}/${id}`);
}
