/** A query in parts: the oracle judges the parts, and the server reads what is written of them. */

import type { Resource } from './parameters.ts';

/** One of the values that a parameter gives as alternatives. */
export interface Ask {
  /** `ge` and the like; empty for none. */
  prefix: string;
  /** What bars stand between, unescaped: a text, or system and code. */
  parts: string[];
}

/** A way from the resources that are searched to others (FHIR R4 §3.1.1.4.16 and §3.1.1.4.17). */
export interface Link {
  way: 'chain' | 'has';
  parameter: string;
  /** The type of the others; undefined for a chain that leaves it open. */
  type: Resource['resourceType'] | undefined;
}

export interface Criterion {
  link: Link | undefined;
  parameter: string;
  modifier: string | undefined;
  asks: Ask[];
}

export interface SortKey {
  parameter: string;
  descending: boolean;
}

/** The name and the value of a criterion, as a query has them before it is encoded. */
export function written({ link, parameter, modifier, asks }: Criterion): [name: string, value: string] {
  const own = modifier === undefined ? parameter : `${parameter}:${modifier}`;
  return [before(link) + own, asks.map(({ prefix, parts }) => prefix + parts.map(escaped).join('|')).join(',')];
}

function before(link: Link | undefined): string {
  if (link === undefined) return '';
  if (link.way === 'has') return `_has:${link.type}:${link.parameter}:`;
  return `${link.parameter}${link.type === undefined ? '' : `:${link.type}`}.`;
}

/** A backslash before each of the characters that part values (§3.1.1.4.1). */
function escaped(text: string): string {
  return text.replace(/[\\,$|]/g, '\\$&');
}
