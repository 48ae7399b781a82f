import type { SearchPage, Version } from '../resources/engine.ts';

/** What the texts of a Bundle's pages are made of. */
export interface BundlePage {
  /** The base of the links. */
  base: string;
  /** The address of the request below the base, without its query: `Patient`, `Patient/1/_history`. */
  path: string;
  /** The parameters of the request, without the cursor. */
  parameters: readonly (readonly [string, string])[];
  page: SearchPage;
}

/** A searchset as JSON text, with each resource exactly as it is stored (FHIR R4 §3.1.1.5). */
export function searchset(bundle: BundlePage): string {
  return render('searchset', bundle, (version) => {
    return `{"fullUrl":${fullUrl(bundle.base, version)},"resource":${version.text},"search":{"mode":"match"}}`;
  });
}

/** A history as JSON text: each entry tells how the version came about (FHIR R4 §3.1.0.12). */
export function history(bundle: BundlePage): string {
  return render('history', bundle, (version) => {
    const { type, id, versionId, lastUpdated, method, text } = version;
    const resource = text === null ? '' : `"resource":${text},`;
    const url = method === 'POST' ? type : `${type}/${id}`;
    const status = method === 'DELETE' ? '204' : versionId === 1 ? '201' : '200';
    const etag = JSON.stringify(`W/"${versionId}"`);
    const time = new Date(lastUpdated).toISOString();
    return (
      `{"fullUrl":${fullUrl(bundle.base, version)},${resource}"request":{"method":"${method}","url":"${url}"},` +
      `"response":{"status":"${status}","etag":${etag},"lastModified":"${time}"}}`
    );
  });
}

function render(type: string, bundle: BundlePage, entryOf: (version: Version) => string): string {
  const { total, matches } = bundle.page;
  const entries = matches.map(entryOf);
  return (
    `{"resourceType":"Bundle","type":"${type}",` +
    (total === undefined ? '' : `"total":${total},`) +
    `"link":[${links(bundle)}]` +
    // An empty array is not valid FHIR.
    (entries.length === 0 ? '' : `,"entry":[${entries.join(',')}]`) +
    '}'
  );
}

function links({ base, path, parameters, page }: BundlePage): string {
  const link = (relation: string, pairs: readonly (readonly [string, string])[]) => {
    const query = new URLSearchParams(pairs.map(([name, value]): [string, string] => [name, value])).toString();
    return JSON.stringify({ relation, url: `${base}/${path}${query === '' ? '' : `?${query}`}` });
  };
  const self = link('self', parameters);
  return page.next === undefined ? self : `${self},${link('next', [...parameters, ['_cursor', page.next]])}`;
}

function fullUrl(base: string, { type, id }: Version): string {
  return JSON.stringify(`${base}/${type}/${id}`);
}
