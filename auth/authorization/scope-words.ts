/** Explains scopes to the person who is asked for consent. */
import { boundOf, parseSmartScope, type SmartScope } from '../scopes/smart-scopes.ts';

const WORDS = new Map([
  ['openid', 'know who you are'],
  ['profile', 'see your name'],
  ['email', 'see your email address'],
  ['fhirUser', 'know which record is yours, and read it'],
  ['launch/patient', 'know which patient is selected'],
  ['offline_access', 'keep this access when you are away, until you or an administrator end it'],
]);

const LETTERS = new Map([
  ['c', 'add'],
  ['r', 'read'],
  ['u', 'change'],
  ['d', 'delete'],
  ['s', 'search'],
]);

/**
 * Returns a phrase for each scope; `patient` is the name of the patient in context. Scopes only restrict: without a
 * SMART scope, the app may do everything that the person may. That comes first, unless the Client lists SMART scopes.
 */
export function describeScopes(
  scopes: readonly string[],
  patient: string | undefined,
  listed: readonly string[] = [],
): string[] {
  return [...wordsOfBound([...scopes, ...listed], patient), ...scopes.map((scope) => describe(scope, patient))];
}

function wordsOfBound(scopes: readonly string[], patient: string | undefined): string[] {
  const bound = boundOf(scopes);
  if (bound === 'scopes') return [];
  const all = 'do everything you may do';
  return [bound === undefined ? `${all} here, in your name` : `${all} with the records of ${patient ?? 'the patient'}`];
}

function describe(scope: string, patient: string | undefined): string {
  const words = WORDS.get(scope);
  if (words !== undefined) return words;
  const smart = parseSmartScope(scope);
  return smart && smart.letters !== '' ? describeSmart(smart, patient) : `use the scope “${scope}”`;
}

function describeSmart({ context, type, letters }: SmartScope, patient: string | undefined): string {
  const doing = [...letters].flatMap((letter) => LETTERS.get(letter) ?? []);
  const what = type === '*' ? 'all records' : `${type} records`;
  const whose = context === 'patient' ? `of ${patient ?? 'the patient'}` : 'that you may see';
  return `${sentence(doing)} ${what} ${whose}`;
}

/** Joins words: "read", "read and search", "add, read and search". */
function sentence(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
