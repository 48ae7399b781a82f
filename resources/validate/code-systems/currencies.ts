import type { CodeSystem } from './code-system.ts';

const CODE = /^[A-Z]{3}$/;
/** Codes that R4 lists (https://hl7.org/fhir/R4/valueset-currencies.html), and newer ones, where ICU has no name. */
const FURTHER = new Set(['GGP', 'IMP', 'JEP', 'SPL', 'TVD', 'UYW', 'VED', 'XAD']);

let names: Intl.DisplayNames | undefined;

/** Currencies of ISO 4217, those of the past too: an amount may be of then. */
export const currencies: CodeSystem = {
  isCode(code) {
    names ??= new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });
    return CODE.test(code) && (names.of(code) !== undefined || FURTHER.has(code));
  },
  remedy: 'must be a currency of ISO 4217, in capitals, as in EUR',
};
