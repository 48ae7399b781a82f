/** What SMART scopes permit (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html, v1 and v2). */

const CONTEXT = /^(patient|user|system)\//;
const SCOPE = /^(patient|user|system)\/([A-Z][A-Za-z]*|\*)\.(\*|read|write|c?r?u?d?s?)$/;
/** Contexts of a launch that this server does not have: that of an EHR, and an encounter. */
const OTHER_LAUNCH = /^launch(?!\/patient$)(?:\/|$)/;
/** The scope that puts a patient in the context. */
const PATIENT_LAUNCH = 'launch/patient';

/** The letters of `.cruds` that an interaction needs: one of them is enough. */
const NEEDED: Readonly<Record<string, string>> = {
  create: 'c',
  read: 'r',
  vread: 'r',
  history: 'r',
  'history-type': 's',
  update: 'u',
  patch: 'u',
  delete: 'd',
  search: 's',
  validate: 'cu',
};

const WORDS: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

/** A scope of SMART, in parts. */
export interface SmartScope {
  context: 'patient' | 'user' | 'system';
  /** The name of a resource type, or `*`. */
  type: string;
  /** Letters of `cruds`. */
  letters: string;
}

/** True for a scope that narrows what a token may do: one that cannot be read narrows too, and permits nothing. */
export function isSmartScope(scope: string): boolean {
  return CONTEXT.test(scope);
}

/** The parts of a scope; undefined for one that permits nothing. */
export function parseSmartScope(scope: string): SmartScope | undefined {
  const [, context, type = '', permission = ''] = SCOPE.exec(scope) ?? [];
  if (context !== 'patient' && context !== 'user' && context !== 'system') return undefined;
  return { context, type, letters: WORDS[permission] ?? permission };
}

/**
 * Those of the scopes that may be given: without those of SMART that permit nothing, as one with parameters does.
 * Undefined where none of SMART's is left, since the token would reach further than was asked.
 */
export function permittingScopes(scopes: readonly string[]): string[] | undefined {
  const kept = scopes.filter((scope) => !isSmartScope(scope) || (parseSmartScope(scope)?.letters ?? '') !== '');
  return isBounded(scopes) && !isBounded(kept) ? undefined : kept;
}

/**
 * Those of the scopes that may be given where no patient is in the context. Undefined where that leaves none of SMART's
 * and there were such: a patient in the context is a bound, too.
 */
export function scopesWithoutPatient(scopes: readonly string[]): string[] | undefined {
  const kept = scopes.filter((scope) => !needsPatient([scope]));
  return needsPatient(scopes) && !isBounded(kept) ? undefined : kept;
}

/** True where scopes say what a token may do. */
function isBounded(scopes: readonly string[]): boolean {
  return scopes.some(isSmartScope);
}

/** True where scopes are for a launch that this server does not have, and none bounds the token. */
export function isUnboundedLaunch(scopes: readonly string[]): boolean {
  return scopes.some((scope) => OTHER_LAUNCH.test(scope)) && !isBounded(scopes);
}

/** True where the scopes ask for a patient, in the context or as the bound of what may be reached. */
export function needsPatient(scopes: readonly string[]): boolean {
  return scopes.some((scope) => scope === PATIENT_LAUNCH || scope.startsWith('patient/'));
}

/** True for a scope that this server never gives: there is no launch from within, and no access bound to a login. */
export function isUnserved(scope: string): boolean {
  return OTHER_LAUNCH.test(scope) || scope === 'online_access';
}

/** What scopes call an operation: the history of a type, which shows what a search does, is not that of a resource. */
export function scopedOperation(operation: string, id: string | undefined): string {
  return id === undefined && operation.endsWith('.history') ? `${operation}-type` : operation;
}

/** How far scopes reach in an operation such as `Patient.search`: anywhere, in the patient's compartment, nowhere. */
export type Reach = 'anywhere' | 'patient' | 'nowhere';

/** What bounds a token: scopes that say what it may do, the patient in its context alone, or nothing. */
export function boundOf(scopes: readonly string[]): 'scopes' | 'patient' | undefined {
  if (isBounded(scopes)) return 'scopes';
  return scopes.includes(PATIENT_LAUNCH) ? 'patient' : undefined;
}

/**
 * How far a token with scopes reaches. The Session and its Client decide what bounds it, not the token: one with fewer
 * scopes, and none of SMART's, must not reach further for it, whether it was refreshed with them or they are all that
 * was asked for. Where there is a patient in the context and no scope that says more, it is about that patient.
 */
export function tokenReach(boundBy: readonly string[], scope: readonly string[], operation: string): Reach {
  const bound = boundOf(boundBy);
  if (bound === undefined) return 'anywhere';
  if (bound === 'scopes') return reachOf(scope, operation);
  return scope.includes(PATIENT_LAUNCH) ? 'patient' : 'nowhere';
}

/** What scopes permit of an operation. */
export function reachOf(scopes: readonly string[], operation: string): Reach {
  const { type, needed } = needOf(operation);
  const permitting = scopes.flatMap((text) => {
    const scope = parseSmartScope(text);
    if (scope === undefined || (scope.type !== '*' && scope.type !== type)) return [];
    return [...needed].some((letter) => scope.letters.includes(letter)) ? [scope] : [];
  });
  if (permitting.some(({ context }) => context !== 'patient')) return 'anywhere';
  return permitting.length > 0 ? 'patient' : 'nowhere';
}

/** The scope that would permit an operation; undefined where none does, or where the type is none. */
export function scopeFor(context: SmartScope['context'], operation: string): string | undefined {
  const { type, needed } = needOf(operation);
  const scope = `${context}/${type}.${needed.slice(0, 1)}`;
  return needed !== '' && SCOPE.test(scope) ? scope : undefined;
}

/** The type of an operation such as `Patient.read`, and the letters of which one is needed. */
function needOf(operation: string): { type: string; needed: string } {
  const [type = '', interaction = ''] = operation.split('.');
  return { type, needed: Object.hasOwn(NEEDED, interaction) ? (NEEDED[interaction] ?? '') : '' };
}
