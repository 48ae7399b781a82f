import type { Version } from '../engine.ts';
import type { JsonObject } from '../json/value.ts';
import type { Binding } from '../storage/connection.ts';
import type { Naming, NamingById } from './parameters/naming.ts';
import type { RowTest } from './sql/row-test.ts';

/** SQL text with `?` placeholders, and their bindings. The text never contains a value. */
export interface Fragment {
  sql: string;
  bindings: Binding[];
}

/** The resource has an index row of the parameter that satisfies `where`; any row if `where` is undefined. */
export interface RowsCriterion {
  test: 'rows';
  table: string;
  /** The parameter's number. */
  param: number;
  /** A test of the table's columns. */
  where: RowTest | undefined;
  access: Access;
}

/** One element satisfies all parts. */
export interface CompositeCriterion {
  test: 'composite';
  parts: RowsCriterion[];
  /** True if there may be many such elements; false if the element is the resource itself. */
  repeats: boolean;
}

/** The resource has a token that stored terminology contains. The terminology is read when the search runs. */
export interface TermCriterion {
  test: 'term';
  /** The parameter as it was sent, for messages. */
  name: string;
  /** The parameter's number. */
  param: number;
  /** True if the index rows have no system, because the element implies it. */
  implied: boolean;
  /** The names of value sets, one of which must contain the token; or concepts that must subsume it, or it them. */
  asks: { sets: string[] } | { concepts: { system: string; code: string }[]; towards: 'above' | 'below' };
  /** Returns the criteria for a resource of a name, and for what the caller may see of its type. Throws BadValue. */
  find(type: 'ValueSet' | 'CodeSystem', name: string): Criterion[];
}

/**
 * How the index finds the rows of a condition. `seek`: by a complete value, so that one resource is found by one probe
 * and several come in the order of their keys. `range`: by a range of values. `scan`: only by reading every row.
 */
export type Access = 'seek' | 'range' | 'scan';

/** A condition that a resource must satisfy to match. */
export type Criterion =
  | RowsCriterion
  | TermCriterion
  /** A condition on the resource's own columns: `id` and `last_updated`. */
  | { test: 'resource'; where: RowTest; access: Access }
  | CompositeCriterion
  /** The resource references a resource of `type` that satisfies the criteria. */
  | { test: 'chain'; param: number; type: string; naming: Naming; criteria: Criterion[] }
  /** The resource references a resource on the line. */
  | { test: 'line'; param: number; naming: Naming; line: Line }
  /** A resource of type `from` that satisfies the criteria references this resource. */
  | { test: 'has'; param: number; from: string; naming: Naming; criteria: Criterion[] }
  | { test: 'any'; of: Criterion[] }
  | { test: 'all'; of: Criterion[] }
  | { test: 'not'; of: Criterion }
  /**
   * A criterion that limits the caller's access rather than one that it sent. If terminology for it cannot be read,
   * nothing satisfies it; the reason goes to `report` and not to the caller.
   */
  | { test: 'silent'; of: Criterion; report(problem: string): void };

/** The ancestors or descendants of some resources in a hierarchy of their type. */
export interface Line {
  naming: NamingById;
  /** The number of the parameter by which a resource references its parent. */
  parent: number;
  towards: 'above' | 'below';
  /** The ids of the starting resources. Upwards they are part of the line, downwards they are not. */
  from: string[];
  /** What the caller may see of the type: other resources are neither on the line nor followed. */
  criteria: Criterion[];
}

/** A sort key. Resources without a value come last in either direction. */
export interface SortKey {
  /** The table to read in order: an index table, or `resource` itself. */
  table: string;
  column: string;
  /** The parameter's number; undefined for a column of `resource`. */
  param: number | undefined;
  descending: boolean;
  /** Returns the sort value of a version as the table stores it. */
  read(version: Version, resource: () => JsonObject): string | number | undefined;
}

/** A position in a sort order: the sort values of the last match (null if it has none) and its key. */
export interface Position {
  values: (string | number | null)[];
  key: number;
}

export type TotalMode = 'none' | 'estimate' | 'accurate';
export type SummaryMode = 'true' | 'false' | 'text' | 'data' | 'count';

/** A parsed search: only the database can make it fail. */
export interface ParsedSearch {
  type: string;
  /** All must hold, including those that limit what the caller may see. Empty: every resource of the type. */
  criteria: Criterion[];
  /** True if the search parameters themselves restrict the matches. */
  selective: boolean;
  sort: SortKey[];
  /** Page size; 0 requests only the total. */
  count: number;
  /** Maximum bytes of text in a page, which holds at least one match; undefined: no limit. */
  bytes: number | undefined;
  total: TotalMode;
  summary: SummaryMode;
  /** The elements to return; undefined: all. */
  elements: string[] | undefined;
  after: Position | undefined;
  /**
   * Returns a digest of type, criteria and order, which binds a cursor to its search. Computed on demand, since most
   * searches have no further page.
   */
  fingerprint(): string;
  /** Resources to return in addition to the matches. */
  includes: Include[];
  /** The parameters that lenient handling has ignored, and the warnings about them. */
  passedOver: (readonly [name: string, value: string])[];
  warnings: string[];
  /** The parameters as they were applied; the self link repeats them. */
  understood: [name: string, value: string][];
}

/** `_include` (from a match to what it references) or `_revinclude` (to what references it). */
export interface Include {
  reverse: boolean;
  /** Also applies to included resources. */
  iterate: boolean;
  /** The type whose references are followed; undefined: that of each match, or with `reverse` every type. */
  source: string | undefined;
  /** The code of the reference parameter; undefined for `*`: all. */
  parameter: string | undefined;
  /** The type at the other end; undefined: any. */
  target: string | undefined;
}
