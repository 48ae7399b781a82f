/** The elements of a Bundle to process (https://hl7.org/fhir/R4/bundle.html#resource). */
import { Failure } from '../../resources/errors.ts';
import type { JsonObject } from '../../resources/json/value.ts';

const ELEMENTS = {
  Bundle: namesOf('resourceType id meta implicitRules language identifier type timestamp total link entry signature'),
  entry: namesOf('id extension link fullUrl resource search request response'),
  request: namesOf('id extension method url ifNoneMatch ifModifiedSince ifMatch ifNoneExist'),
};

function namesOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '));
}

/**
 * Throws `invalid` for an unknown element of a Bundle, an entry or a request: ignoring a misspelt condition
 * (`ifNoneExists`) would create a duplicate. A modifierExtension may not be ignored either.
 */
export function refuseOthers(value: JsonObject, of: keyof typeof ELEMENTS, place: string): void {
  const other = Object.keys(value).find((name) => !ELEMENTS[of].has(name.replace(/^_/, '')));
  if (other === undefined) return;
  const at = /^\w{1,64}$/.test(other) ? `${place}.${other}` : place;
  const diagnostics =
    at === place
      ? `${place} has an element with an invalid name`
      : `${at} is not an element of a Bundle request: check its spelling`;
  const issues = [{ severity: 'error' as const, code: 'structure' as const, diagnostics, expression: [at] }];
  throw new Failure('invalid', diagnostics, { issues });
}
