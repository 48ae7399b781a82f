import { Failure } from '../errors.ts';
import { columnType } from './index/tables.ts';
import { storable } from './index/text.ts';
import type { Position, SortKey } from './plan.ts';

const LONGEST = 4000;

/** Returns a position in a search as text: opaque to clients, and valid only for the search with this fingerprint. */
export function writeCursor(fingerprint: string, { key, values }: Position): string {
  return Buffer.from(JSON.stringify([fingerprint, key, ...values])).toString('base64url');
}

/**
 * Parses a cursor. Throws a `parameter` Failure for any text that this server did not issue for this search: every
 * value is checked, since it reaches the database.
 */
export function readCursor(text: string, fingerprint: string, sort: SortKey[]): Position {
  const [given, key, ...values] = decode(text);
  const valid =
    given === fingerprint &&
    isKey(key) &&
    values.length === sort.length &&
    sort.every((each, index) => isValue(each, values[index]));
  if (!valid) throw wrongCursor();
  return {
    key,
    values: values.map((value) => (typeof value === 'string' || typeof value === 'number' ? value : null)),
  };
}

function decode(text: string): unknown[] {
  if (text.length > LONGEST || !/^[A-Za-z0-9_-]+$/.test(text)) throw wrongCursor();
  try {
    const decoded: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Array.isArray(decoded) ? decoded : [];
  } catch {
    throw wrongCursor();
  }
}

function isKey(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isValue({ table, column }: SortKey, value: unknown): boolean {
  if (value === null) return table !== 'resource';
  switch (columnType(table, column)) {
    case 'text':
      return typeof value === 'string' && storable(value) === value;
    case 'integer':
      return typeof value === 'number' && Number.isSafeInteger(value);
    case 'real':
      return typeof value === 'number' && Number.isFinite(value);
  }
}

/** Returns the Failure for a cursor that was not issued for this search. */
export function wrongCursor(): Failure {
  return new Failure('parameter', '_cursor is not valid for this search: follow the next link unchanged.');
}
