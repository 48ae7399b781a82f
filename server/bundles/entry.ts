/** Translates the entries of a batch or a transaction to the requests that they stand for (FHIR R4 §3.1.0.11). */
import { Failure } from '../../resources/errors.ts';
import type { JsonBounds } from '../../resources/json/read.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import type { YieldTurn } from '../../resources/pace/pace.ts';
import { parseForm } from '../formats/form.ts';
import type { Cursors } from '../http/cursors.ts';
import { checkId, compartmentAt, judgedPath } from '../interactions/address.ts';
import { typeOfBody } from '../interactions/envelope.ts';
import type { Interaction, InteractionRequest } from '../interactions/interaction.ts';
import { type Match, matchAddress } from '../interactions/match.ts';
import { refuseOthers } from './elements.ts';
import { patchOf } from './patch.ts';

/** A valid entry. */
export interface BundleEntry {
  /** FHIRPath: `Bundle.entry[2]`. */
  place: string;
  fullUrl: string | undefined;
  /** The request line and headers that policies see. */
  method: string;
  url: string;
  headers: Readonly<Record<string, string | undefined>>;
  interaction: Interaction;
  request: InteractionRequest;
}

/** Shared by the entries of a Bundle. */
export interface Outer {
  /** The base of links in the response, and the server's own base URL. */
  base: string;
  baseUrl: string;
  cursors: Cursors;
  /** Bytes of text at which a page in the response ends. */
  pageBytes: number;
  /** The `Prefer` header of the Bundle, which applies to each entry. */
  prefer: string;
  newId(): string;
  /** Yields during work on a large Bundle; undefined for others. */
  yieldTurn?: YieldTurn | undefined;
  /** The limits on patches in it. */
  bounds: JsonBounds;
}

/** The form of a type name; no other endpoint of the server has it. */
const TYPE = /^[A-Z][A-Za-z]*$/;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** The elements of `request` that correspond to HTTP headers. */
const HEADERS: Record<string, string> = {
  'if-match': 'ifMatch',
  'if-none-match': 'ifNoneMatch',
  'if-modified-since': 'ifModifiedSince',
  'if-none-exist': 'ifNoneExist',
};

/** Parses the entry at `place`. Throws a Failure that names what is wrong. */
export function readEntry(entry: Json, place: string, outer: Outer): BundleEntry {
  const request = isObject(entry) ? entry['request'] : undefined;
  if (!isObject(entry) || !isObject(request))
    throw faulty('required', place, 'An entry must have a request.', 'request');
  refuseOthers(entry, 'entry', place);
  refuseOthers(request, 'request', `${place}.request`);
  const { fullUrl } = entry;
  if (fullUrl !== undefined && typeof fullUrl !== 'string')
    throw faulty('value', place, 'fullUrl must be a string.', 'fullUrl');
  const method = textOf(request, 'method', place);
  if (!METHODS.has(method)) {
    throw faulty('code-invalid', place, `request.method must be one of ${[...METHODS].join(', ')}.`, 'request.method');
  }
  const { path, query } = addressOf(textOf(request, 'url', place), place, outer.baseUrl);
  const { interaction, parts } = interactionAt(method, path, place);
  const body = bodyOf(interaction, entry, place);
  const made: InteractionRequest = {
    base: outer.base,
    type: interaction.everyType ? '' : (parts['type'] ?? typeOfBody(body)),
    id: parts['id'] ?? '',
    version: parts['version'] ?? '',
    compartment: compartmentAt(parts),
    body,
    patch:
      interaction.takes === 'patch'
        ? patchOf(resourceOf(entry, place), parts['type'] ?? '', place, outer.bounds)
        : undefined,
    pageBytes: outer.pageBytes,
    parameters: outer.cursors.open(parseForm(query)),
    rows: [],
    judgedBy: undefined,
    types: new Map(),
    newId: outer.newId(),
    yieldTurn: outer.yieldTurn,
    header: headersOf(request, place, outer.prefer),
  };
  if (parts['id'] !== undefined) checkId(made.id);
  const judged = judgedPath(`/${path}`, made.compartment);
  const url = query === '' ? judged : `${judged}?${query}`;
  return { place, fullUrl, method, url, headers: judgedHeaders(made), interaction, request: made };
}

function faulty(code: 'required' | 'value' | 'code-invalid', place: string, diagnostics: string, at: string): Failure {
  const issues = [{ severity: 'error' as const, code, diagnostics, expression: [`${place}.${at}`] }];
  return new Failure('invalid', diagnostics, { issues });
}

function textOf(request: JsonObject, name: string, place: string): string {
  const value = request[name];
  if (typeof value === 'string' && value !== '') return value;
  throw faulty('required', place, `request.${name} is required.`, `request.${name}`);
}

function bodyOf({ takes }: Interaction, entry: JsonObject, place: string): JsonObject {
  const isThere = takes === 'resource' || (takes === 'parameters' && entry['resource'] !== undefined);
  return isThere ? resourceOf(entry, place) : {};
}

function resourceOf(entry: JsonObject, place: string): JsonObject {
  const { resource } = entry;
  if (isObject(resource)) return resource;
  throw faulty('required', place, 'This request must have a resource.', 'resource');
}

/** Splits a URL into path and query below the base; an absolute URL must be of this server. */
function addressOf(url: string, place: string, baseUrl: string): { path: string; query: string } {
  const own = [`${baseUrl}/fhir/`, `${baseUrl}/`].find((base) => url.startsWith(base));
  const relative = url.slice(own?.length ?? 0).replace(/^\/(?!\/)/, '');
  const mark = relative.indexOf('?');
  const path = mark === -1 ? relative : relative.slice(0, mark);
  if (/^[\w.$-]+(?:\/[\w.$-]+)*$/.test(path)) return { path, query: mark === -1 ? '' : relative.slice(mark + 1) };
  const message = 'request.url must address a resource on this server, such as Patient/1 or Patient?name=x.';
  throw faulty('value', place, message, 'request.url');
}

function interactionAt(method: string, path: string, place: string): Match {
  const matches = matchAddress(path).filter(({ parts }) => TYPE.test(parts['type'] ?? 'Resource'));
  if (matches.length === 0)
    throw faulty('value', place, 'request.url is not the address of a resource endpoint.', 'request.url');
  const sought = method === 'HEAD' ? 'get' : method.toLowerCase();
  const found = matches.find(({ interaction }) => interaction.method === sought);
  if (found) return found;
  const methods = [...new Set(matches.map(({ interaction }) => interaction.method.toUpperCase()))];
  const expression = `${place}.request.method`;
  throw new Failure('method-not-allowed', `This address accepts ${methods.join(', ')}.`, { expression });
}

/** Returns the headers that policies see for an entry, in place of the Bundle's, which do not concern the entry. */
function judgedHeaders({ header, patch }: InteractionRequest): BundleEntry['headers'] {
  const own = Object.fromEntries(Object.keys(HEADERS).map((name) => [name, header(name)]));
  return patch ? { ...own, 'content-type': `application/${patch.kind}+json` } : own;
}

/**
 * Returns the headers of an entry: those in its `request` and the Bundle's `Prefer`; other headers concern the Bundle.
 */
function headersOf(request: JsonObject, place: string, prefer: string): InteractionRequest['header'] {
  for (const element of Object.values(HEADERS)) {
    const value = request[element];
    if (value === undefined || typeof value === 'string') continue;
    throw faulty('value', place, `request.${element} must be a string.`, `request.${element}`);
  }
  return (name) => {
    const header = name.toLowerCase();
    if (header === 'prefer') return prefer;
    const value = request[HEADERS[header] ?? ''];
    return typeof value === 'string' ? value : undefined;
  };
}
