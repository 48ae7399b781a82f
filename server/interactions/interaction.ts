import type { Asker } from '../../auth/sessions/ending.ts';
import type { Clock } from '../../resources/clock.ts';
import type { Interactions, JudgedBy, Version, WriteResult } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { YieldTurn } from '../../resources/pace/pace.ts';
import type { Registry } from '../../resources/registry.ts';
import type { Compartment } from '../../resources/search/compartment.ts';
import type { Criterion, ParsedSearch } from '../../resources/search/plan.ts';
import type { Asked, Judge } from '../access/guard.ts';
import type { Patch } from '../http/body.ts';
import type { Cursors } from '../http/cursors.ts';

/** The name of a resource interaction in policies and in the CapabilityStatement. */
export type InteractionName =
  | 'read'
  | 'vread'
  | 'search'
  | 'create'
  | 'update'
  | 'patch'
  | 'delete'
  | 'history'
  | 'validate'
  | 'everything';

/** A request to a resource endpoint, sent alone or as an entry of a Bundle. */
export interface InteractionRequest {
  /** The base of links in the response. */
  base: string;
  type: string;
  /** Empty if the path has no id. */
  id: string;
  /** The version id in the path, as sent; empty if it has none. */
  version: string;
  /** The compartment in the path, to which the request is restricted. */
  compartment: Compartment | undefined;
  /** The resource in the body; empty if the interaction takes none. */
  body: JsonObject;
  /** The patch in the body, if the interaction takes one. */
  patch: Patch | undefined;
  /** Bytes of text at which a page of the response ends. */
  pageBytes: number;
  /** The parameters of the query, and of the form of a search by POST. */
  parameters: [name: string, value: string][];
  /** Criteria that rows of the type must meet to be visible to the caller in this interaction. */
  rows: Criterion[];
  /** The version that policies looked at to judge the request, if they did. */
  judgedBy: JudgedBy | undefined;
  /** When its wait began, in milliseconds of `performance.now`; for an entry of a Bundle, when it is begun. */
  since?: number | undefined;
  /** Yields during work on a large body; undefined for others. */
  yieldTurn?: YieldTurn | undefined;
  /** The caller, and the request line that policies saw; set once the request has been judged. */
  asker?: Asker;
  asked?: Asked;
  /** For a request about several types: those of which the caller may see something, each with its criteria. */
  types: ReadonlyMap<string, Criterion[]>;
  /** The id of a new resource, if it was chosen in advance. */
  newId?: string;
  /** True for a request sent alone: its times are HTTP dates. Those of a Bundle's entry are FHIR instants. */
  ofHttp?: true;
  /** Returns a header; undefined if it was not sent. */
  header(name: string): string | undefined;
}

/** What interactions work with. */
export interface Services {
  /** The engine, or its view inside a transaction. */
  engine: Interactions;
  registry: Registry;
  cursors: Cursors;
  clock: Clock;
  judge: Judge;
  /** The server's own base URL without a trailing slash, by which a search recognizes references to it. */
  baseUrl: string;
}

/** The result of an interaction. */
export interface Result {
  status: 200 | 201 | 204 | 304;
  /** The version described by the response: its ETag and Last-Modified, and its text unless `text` is set. */
  version?: Version;
  /** The JSON text of the response, if it is not that of the version. */
  text?: string;
  /** The outcome of a write. `Prefer: return=…` chooses what the response contains. */
  written?: WriteResult['outcome'];
}

/** A resource interaction (FHIR R4 §3.1.0): its route and its handler. */
export interface Interaction {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** The path below the base, in the syntax of the router. */
  path: string;
  name: InteractionName;
  /**
   * Its code in https://hl7.org/fhir/R4/valueset-type-restful-interaction.html; undefined for operations and variants.
   */
  code?: string;
  /** The canonical URL of an operation's definition. */
  operation?: string;
  /** What it adds to the entry of a type in the CapabilityStatement (`CapabilityStatement.rest.resource`). */
  brings?: JsonObject;
  /** The kind of body; `parameters` is an optional Parameters. */
  takes?: 'resource' | 'parameters' | 'patch' | 'form';
  /** Returns the search that selects the resource, if the path does not; undefined if the request has none. */
  condition?(request: InteractionRequest, services: Services): ParsedSearch | undefined;
  /**
   * Set for a request about all types, or those of a compartment: each type is judged as this interaction on its own.
   */
  everyType?: 'history' | 'search';
  handle(request: InteractionRequest, services: Services): Promise<Result>;
}
