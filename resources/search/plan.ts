import type { Version } from '../engine.ts';
import type { JsonObject } from '../json/value.ts';
import type { Binding } from '../storage/connection.ts';
import type { Naming, NamingById } from './parameters/naming.ts';
import type { RowTest } from './sql/row-test.ts';

/** SQL text with `?` placeholders, and what they stand for. No value is ever in the text. */
export interface Fragment {
  sql: string;
  bindings: Binding[];
}

/** The resource has a row of a parameter in an index table that satisfies `where` (any row without one). */
export interface RowsCriterion {
  test: 'rows';
  table: string;
  /** The parameter's number. */
  param: number;
  /** On the table's columns. */
  where: RowTest | undefined;
  access: Access;
}

/** One element satisfies all parts. */
export interface CompositeCriterion {
  test: 'composite';
  parts: RowsCriterion[];
  /** True where the element may be one of very many: not where it is the resource itself. */
  repeats: boolean;
}

/** The resource has a token for which stored terminology says yes. It is read when the search is run. */
export interface TermCriterion {
  test: 'term';
  /** The parameter as it was asked, for messages. */
  name: string;
  /** The parameter's number. */
  param: number;
  /** True where the rows have no system, since their element implies it. */
  implied: boolean;
  /** The value sets, as they are named, of which one is to hold the token; or the concepts it is to be in line with. */
  asks: { sets: string[] } | { concepts: { system: string; code: string }[]; towards: 'above' | 'below' };
  /** What a resource of a name satisfies, and what the caller may see of its type. Throws BadValue. */
  find(type: 'ValueSet' | 'CodeSystem', name: string): Criterion[];
}

/**
 * How the index finds the rows of a condition: by a value given in full, so that one resource is probed by a
 * seek and several come in the order of their keys; by a range of values; or only by looking at every row.
 */
export type Access = 'seek' | 'range' | 'scan';

/** What a resource must satisfy to be found. */
export type Criterion =
  | RowsCriterion
  | TermCriterion
  /** A condition on the resource's own columns: `id` and `last_updated`. */
  | { test: 'resource'; where: RowTest; access: Access }
  | CompositeCriterion
  /** A reference of the resource names a resource of `type` that satisfies the criteria. */
  | { test: 'chain'; param: number; type: string; naming: Naming; criteria: Criterion[] }
  /** A reference of the resource names a resource on the line. */
  | { test: 'line'; param: number; naming: Naming; line: Line }
  /** A resource of type `from` that satisfies the criteria names the resource by a reference. */
  | { test: 'has'; param: number; from: string; naming: Naming; criteria: Criterion[] }
  | { test: 'any'; of: Criterion[] }
  | { test: 'all'; of: Criterion[] }
  | { test: 'not'; of: Criterion }
  /**
   * What bounds the caller rather than was asked: where terminology of it cannot be read, nothing satisfies it.
   * The caller is not told why, `report` is.
   */
  | { test: 'silent'; of: Criterion; report(problem: string): void };

/** What is above or below some resources in a hierarchy of their type. */
export interface Line {
  naming: NamingById;
  /** The number of the parameter by which a resource names the one above it. */
  parent: number;
  towards: 'above' | 'below';
  /** The ids where it starts. Upwards these are on the line, downwards they are not. */
  from: string[];
  /** What the caller may see of the type: whatever else is there neither is on the line nor leads it on. */
  criteria: Criterion[];
}

/** One key of an order. Resources without a value come last, in either direction. */
export interface SortKey {
  /** The table walked: an index table, or `resource` itself. */
  table: string;
  column: string;
  /** The parameter's number; undefined for a column of the resource. */
  param: number | undefined;
  descending: boolean;
  /** The value that a version is ordered by, as the table holds it. */
  read(version: Version, resource: () => JsonObject): string | number | undefined;
}

/** A place in an order: the sort values of the last match (null where it has none) and its key. */
export interface Position {
  values: (string | number | null)[];
  key: number;
}

export type TotalMode = 'none' | 'estimate' | 'accurate';
export type SummaryMode = 'true' | 'false' | 'text' | 'data' | 'count';

/** A search that has been understood: nothing in it can fail but the database. */
export interface ParsedSearch {
  type: string;
  /** All must hold, those of what the caller may see among them. Empty: every resource of the type. */
  criteria: Criterion[];
  /** True where the parameters themselves choose among the resources. */
  selective: boolean;
  sort: SortKey[];
  /** Matches a page; 0 asks for the number of matches alone. */
  count: number;
  /** Bytes of text at which a page ends before that, if not behind its first match; undefined: nowhere. */
  bytes: number | undefined;
  total: TotalMode;
  summary: SummaryMode;
  /** The elements to give; undefined: all. */
  elements: string[] | undefined;
  after: Position | undefined;
  /**
   * Gives a digest of type, criteria and order, which a cursor carries so that it serves no other search. It is made
   * when it is asked for: most searches have no further page.
   */
  fingerprint(): string;
  /** Resources to give beside the matches. */
  includes: Include[];
  /** What lenient handling has passed over, and what is said of it. */
  passedOver: (readonly [name: string, value: string])[];
  warnings: string[];
  /** The parameters that were understood, as they were done: what the self link repeats. */
  understood: [name: string, value: string][];
}

/** `_include` (from a match to what it points to) or `_revinclude` (to what points to it). */
export interface Include {
  reverse: boolean;
  /** Applied to what was included, too. */
  iterate: boolean;
  /** The type whose references are followed; undefined: that of each match, or in reverse every type. */
  source: string | undefined;
  /** The reference parameter; undefined for `*`: all. */
  parameter: string | undefined;
  /** The type of the other end; undefined: any. */
  target: string | undefined;
}
