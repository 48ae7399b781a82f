/** SMART scopes of a token, and what they permit: they only restrict what the policies of its user permit. */
import type { Asked } from './policies.ts';
import type { Resource, Type } from './world.ts';

/** The patient in the context of the tokens. */
export const PATIENT = 'p1';

/** Requested scopes; the first restricts nothing. */
export const SCOPES: readonly string[] = [
  'openid',
  'launch/patient',
  'patient/*.rs',
  'patient/*.cruds',
  'patient/*.*',
  'user/*.cruds',
  'user/*.read',
  'user/*.write',
  'patient/Patient.rs user/Organization.s',
  'patient/Observation.cruds user/Patient.r',
  'user/Observation.rs patient/Patient.s',
  'user/Patient.cuds user/Observation.cud user/Organization.crus',
  'patient/Patient.cruds user/Observation.cruds user/Organization.rs',
];

const LETTERS: Record<Asked, string> = {
  read: 'r',
  vread: 'r',
  history: 'r',
  'history-type': 's',
  search: 's',
  create: 'c',
  update: 'u',
  patch: 'u',
  delete: 'd',
};

const WORDS: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };

/** Returns how far scopes permit an interaction with a type. */
export function reachOf(scopes: string, type: Type, interaction: Asked): 'all' | 'patient' | 'none' {
  const smart = scopes.split(' ').filter((scope) => /^(patient|user|system)\//.test(scope));
  const about = type === 'Organization' ? 'none' : 'patient';
  if (smart.length === 0) return scopes.includes('launch/patient') ? about : 'all';
  const permitting = smart.filter((scope) => {
    const [, name, permission = ''] = scope.split(/[/.]/);
    return (name === '*' || name === type) && (WORDS[permission] ?? permission).includes(LETTERS[interaction]);
  });
  if (permitting.some((scope) => !scope.startsWith('patient/'))) return 'all';
  return permitting.length > 0 ? about : 'none';
}

/** Returns true if a resource is in a patient's compartment: it refers to the patient, or is that patient. */
export function isAboutPatient({ type, id, subject, link }: Resource, patient = PATIENT): boolean {
  const name = `Patient/${patient}`;
  if (type === 'Observation') return subject?.reference === name;
  return type === 'Patient' && (id === patient || link?.some(({ other }) => other.reference === name) === true);
}
