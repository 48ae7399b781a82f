/** What SMART scopes permit (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html, v1 and v2). */

const CONTEXT = /^(patient|user|system)\//;
const SCOPE = /^(patient|user|system)\/([A-Z][A-Za-z]*|\*)\.(\*|read|write|c?r?u?d?s?)$/;
/** Launch contexts that are not supported: an EHR launch, and an encounter. */
const OTHER_LAUNCH = /^launch(?!\/patient$)(?:\/|$)/;
/** The scope for a patient in context. */
const PATIENT_LAUNCH = 'launch/patient';

/** The letters of `.cruds` that permit an interaction; one of them is enough. */
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

/** A parsed SMART scope. */
export interface SmartScope {
  context: 'patient' | 'user' | 'system';
  /** The name of a resource type, or `*`. */
  type: string;
  /** Letters of `cruds`. */
  letters: string;
}

/** Returns true for a scope that restricts a token. A malformed one restricts too: it permits nothing. */
export function isSmartScope(scope: string): boolean {
  return CONTEXT.test(scope);
}

/** Returns the parts of a scope; undefined for one that permits nothing. */
export function parseSmartScope(scope: string): SmartScope | undefined {
  const [, context, type = '', permission = ''] = SCOPE.exec(scope) ?? [];
  if (context !== 'patient' && context !== 'user' && context !== 'system') return undefined;
  return { context, type, letters: WORDS[permission] ?? permission };
}

/**
 * Returns the scopes that may be granted, without SMART scopes that permit nothing, such as those with parameters.
 * Returns undefined if no SMART scope is left, because the token would then reach further than requested.
 */
export function permittingScopes(scopes: readonly string[]): string[] | undefined {
  const kept = scopes.filter((scope) => !isSmartScope(scope) || (parseSmartScope(scope)?.letters ?? '') !== '');
  return isBounded(scopes) && !isBounded(kept) ? undefined : kept;
}

/**
 * Returns the scopes that may be granted without a patient in context. Returns undefined if that removes a bound and
 * leaves no SMART scope: a patient in context is a bound, too.
 */
export function scopesWithoutPatient(scopes: readonly string[]): string[] | undefined {
  const kept = scopes.filter((scope) => !needsPatient([scope]));
  return needsPatient(scopes) && !isBounded(kept) ? undefined : kept;
}

/** Returns true if SMART scopes restrict the token. */
function isBounded(scopes: readonly string[]): boolean {
  return scopes.some(isSmartScope);
}

/** Returns true if scopes ask for an unsupported launch and none restricts the token. */
export function isUnboundedLaunch(scopes: readonly string[]): boolean {
  return scopes.some((scope) => OTHER_LAUNCH.test(scope)) && !isBounded(scopes);
}

/** Returns true if the scopes require a patient, in context or as a restriction. */
export function needsPatient(scopes: readonly string[]): boolean {
  return scopes.some((scope) => scope === PATIENT_LAUNCH || scope.startsWith('patient/'));
}

/** Returns true for a scope that is never granted: there is no EHR launch, and no access bound to a login. */
export function isUnserved(scope: string): boolean {
  return OTHER_LAUNCH.test(scope) || scope === 'online_access';
}

/**
 * Returns an operation as scopes name it. The history of a type shows what a search does, so it is a case of its own.
 */
export function scopedOperation(operation: string, id: string | undefined): string {
  return id === undefined && operation.endsWith('.history') ? `${operation}-type` : operation;
}

/**
 * What scopes permit for an operation such as `Patient.search`: any resource, the patient's compartment, or nothing.
 */
export type Reach = 'anywhere' | 'patient' | 'nowhere';

/** Returns what restricts a token: SMART scopes, only the patient in context, or nothing. */
export function boundOf(scopes: readonly string[]): 'scopes' | 'patient' | undefined {
  if (isBounded(scopes)) return 'scopes';
  return scopes.includes(PATIENT_LAUNCH) ? 'patient' : undefined;
}

/**
 * Returns how far a token reaches. What restricts it follows from its Session and Client (`boundBy`), not from its own
 * scopes: a token with fewer scopes, none of them SMART's, must not reach further than its Session. With a patient in
 * context and no SMART scope, it reaches that patient's compartment.
 */
export function tokenReach(boundBy: readonly string[], scope: readonly string[], operation: string): Reach {
  const bound = boundOf(boundBy);
  if (bound === undefined) return 'anywhere';
  if (bound === 'scopes') return reachOf(scope, operation);
  return scope.includes(PATIENT_LAUNCH) ? 'patient' : 'nowhere';
}

/** Returns what the scopes permit for an operation. */
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

/** Returns the scope that would permit an operation; undefined if there is none, or if the operation has no type. */
export function scopeFor(context: SmartScope['context'], operation: string): string | undefined {
  const { type, needed } = needOf(operation);
  const scope = `${context}/${type}.${needed.slice(0, 1)}`;
  return needed !== '' && SCOPE.test(scope) ? scope : undefined;
}

/** Returns the type of an operation such as `Patient.read`, and the letters of which one is required. */
function needOf(operation: string): { type: string; needed: string } {
  const [type = '', interaction = ''] = operation.split('.');
  return { type, needed: Object.hasOwn(NEEDED, interaction) ? (NEEDED[interaction] ?? '') : '' };
}
