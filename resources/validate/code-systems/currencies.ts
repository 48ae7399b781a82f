import type { CodeSystem } from './code-system.ts';

const CODE = /^[A-Z]{3}$/;
/** Codes in R4's list (https://hl7.org/fhir/R4/valueset-currencies.html), and newer ones, that ICU does not know. */
const FURTHER = new Set(['GGP', 'IMP', 'JEP', 'SPL', 'TVD', 'UYW', 'VED', 'XAD']);

let names: Intl.DisplayNames | undefined;

/** Currencies of ISO 4217, including former ones: an amount may be historical. */
export const currencies: CodeSystem = {
  isCode(code) {
    names ??= new Intl.DisplayNames('en', { type: 'currency', fallback: 'none' });
    return CODE.test(code) && (names.of(code) !== undefined || FURTHER.has(code));
  },
  remedy: 'must be an ISO 4217 currency code in capitals, such as EUR',
};
