import type { CodeSystem } from './code-system.ts';
import { currencies } from './currencies.ts';
import { languages } from './languages.ts';
import { mediaTypes } from './media-types.ts';
import { timeZones } from './time-zones.ts';
import { units } from './units.ts';

/** The code systems with a rule, by URI (https://hl7.org/fhir/R4/terminologies-systems.html). */
export const CODE_SYSTEMS: ReadonlyMap<string, CodeSystem> = new Map([
  ['urn:ietf:bcp:13', mediaTypes],
  ['urn:ietf:bcp:47', languages],
  ['urn:iso:std:iso:4217', currencies],
  ['http://unitsofmeasure.org', units],
  ['https://www.iana.org/time-zones', timeZones],
]);
