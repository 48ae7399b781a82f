import { Decimal, type Json } from '../../resources/json/value.ts';

/** A search value with placeholders for values of the caller: `Organization/{{user.data.org}}`. */
export interface Template {
  /** The paths of the placeholders, in the request object that policies see. */
  paths: string[][];
  /** Returns the search value with one literal per placeholder. Characters with a meaning in searches are escaped. */
  fill(literals: readonly string[]): string;
}

/** A template that cannot be used as written. */
export class TemplateError extends Error {}

const PLACE = /\{\{(.*?)\}\}/g;
const PATH = /^(?:user|client)(?:\.[A-Za-z0-9_-]+)+$/;

/** Parses a search value. Throws a TemplateError. */
export function parseTemplate(text: string): Template {
  // Every second part is a placeholder.
  const parts = text.split(PLACE);
  const texts = parts.filter((_, index) => index % 2 === 0);
  const paths = parts.filter((_, index) => index % 2 === 1).map(parsePath);
  if (texts.some((part) => part.includes('{{') || part.includes('}}'))) {
    throw new TemplateError('A placeholder must be written {{user.data.name}} or {{client.details.name}}');
  }
  // A backslash would escape the first character of the literal, and leave the others unescaped.
  if (texts.slice(0, -1).some((part) => part.endsWith('\\'))) {
    throw new TemplateError('A placeholder must not follow a backslash');
  }
  return {
    paths,
    fill: (literals) => texts.map((part, index) => part + escaped(literals[index] ?? '')).join(''),
  };
}

function parsePath(text: string): string[] {
  const path = text.trim();
  if (!PATH.test(path)) {
    throw new TemplateError(
      `A placeholder must name a value of user or client, as {{user.data.org}}, not {{${path.slice(0, 100)}}}`,
    );
  }
  return path.split('.');
}

function escaped(literal: string): string {
  return literal.replace(/[\\,|$]/g, '\\$&');
}

/** Returns a value as a literal; undefined if it is missing, empty or not a scalar. */
export function literalOf(value: Json | undefined): string | undefined {
  const scalar = ['string', 'number', 'boolean'].includes(typeof value) || value instanceof Decimal;
  const text = scalar ? String(value) : '';
  return text.trim() === '' ? undefined : text;
}
