/**
 * A JSON value as Ward holds it in memory: what `JSON.parse` gives, with one difference.
 * A number whose digits a JavaScript number would not give back (`2.30`, `1e3`, 20 digits) is a `Decimal`.
 */
export type Json = null | boolean | number | string | Decimal | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

/** A number that keeps the digits it was written with (FHIR R4 §2.24.0.1, `decimal`). */
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

/** True for `{…}`: neither null, an array nor a Decimal. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal);
}
