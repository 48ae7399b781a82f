/**
 * A JSON value in memory: as from `JSON.parse`, except that a number which a JavaScript number would not render with
 * the same digits (`2.30`, `1e3`, 20 digits) is a `Decimal`.
 */
export type Json = null | boolean | number | string | Decimal | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

/** A number that keeps its digits as written (FHIR R4 §2.24.0.1, `decimal`). */
export class Decimal {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  valueOf(): number {
    return Number(this.text);
  }

  toString(): string {
    return this.text;
  }
}

/** Returns true for `{…}`: not null, an array or a Decimal. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}
