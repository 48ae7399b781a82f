import type { Asker } from '../../auth/sessions/ending.ts';
import type { Clock } from '../../resources/clock.ts';
import type { Interactions, JudgedBy, Version, WriteResult } from '../../resources/engine.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { GoOn } from '../../resources/pace/pace.ts';
import type { Registry } from '../../resources/registry.ts';
import type { Compartment } from '../../resources/search/compartment.ts';
import type { Criterion, ParsedSearch } from '../../resources/search/plan.ts';
import type { Asked, Judge } from '../access/guard.ts';
import type { Patch } from '../http/body.ts';
import type { Cursors } from '../http/cursors.ts';

/** What a resource interaction is called, in policies and in the CapabilityStatement. */
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

/** A request to a resource endpoint, whether it came by itself or as an entry of a Bundle. */
export interface InteractionRequest {
  /** The base of its links. */
  base: string;
  type: string;
  /** Empty where the address has none. */
  id: string;
  /** The version id of the address, as it was sent; empty where it has none. */
  version: string;
  /** The compartment that its address names, which it stays within. */
  compartment: Compartment | undefined;
  /** The resource that was sent; empty where the interaction takes none. */
  body: JsonObject;
  /** The patch that was sent, where the interaction takes one. */
  patch: Patch | undefined;
  /** Bytes of text at which a page of its answer ends. */
  pageBytes: number;
  /** The parameters of the query, and of the form of a POSTed search. */
  parameters: [name: string, value: string][];
  /** What the caller may see of the type in this interaction. */
  rows: Criterion[];
  /** The version that its caller was judged by, where policies have looked at one. */
  judgedBy: JudgedBy | undefined;
  /** Since when it waits, in milliseconds of the process; an entry of a Bundle does so from when it is begun. */
  since?: number | undefined;
  /** How the work on a large body pauses; undefined for others. */
  goOn?: GoOn | undefined;
  /** Whose request it is, and the line that it was judged by; set once it has been judged. */
  asker?: Asker;
  asked?: Asked;
  /** Where it is about several types: those of which the caller may see something, and what. */
  types: ReadonlyMap<string, Criterion[]>;
  /** The id that a new resource gets, where it was chosen before. */
  newId?: string;
  /** True where it came by itself: its times are those of HTTP. Those of an entry of a Bundle are instants of FHIR. */
  ofHttp?: true;
  /** The value of a header; undefined where it was not sent. */
  header(name: string): string | undefined;
}

/** What an interaction works with. */
export interface Services {
  /** The engine, or where several requests are one transaction, its view of that. */
  engine: Interactions;
  registry: Registry;
  cursors: Cursors;
  clock: Clock;
  judge: Judge;
  /** The server's own address, without a trailing slash: what a search takes references to it by. */
  baseUrl: string;
}

/** What an interaction gives. */
export interface Result {
  status: 200 | 201 | 204 | 304;
  /** The version that the answer tells of: its ETag and Last-Modified, and its text unless there is another. */
  version?: Version;
  /** The answer's JSON text, where it is not that of the version. */
  text?: string;
  /** What a write did. `Prefer: return=…` chooses what is told of it. */
  written?: WriteResult['outcome'];
}

/** A resource interaction (FHIR R4 §3.1.0): where it is served and what it does. */
export interface Interaction {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** The address below the base, as the router writes it. */
  path: string;
  name: InteractionName;
  /** How https://hl7.org/fhir/R4/valueset-type-restful-interaction.html calls it; absent for operations. */
  code?: string;
  /** The published definition of an operation. */
  operation?: string;
  /** What it adds to the type's entry in the CapabilityStatement (`CapabilityStatement.rest.resource`). */
  brings?: JsonObject;
  /** What is sent with it; `parameters` are a Parameters that may be left out. */
  takes?: 'resource' | 'parameters' | 'patch' | 'form';
  /** The search that chooses the resource, where the address does not; undefined where none was asked for. */
  condition?(request: InteractionRequest, services: Services): ParsedSearch | undefined;
  /** It is about all types, or those of a compartment: what the caller may see is judged as this of each by itself. */
  everyType?: 'history' | 'search';
  handle(request: InteractionRequest, services: Services): Promise<Result>;
}
