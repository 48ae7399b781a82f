/** What SMART scopes permit (https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html, v1 and v2). */

const CONTEXT = /^(patient|user|system)\//;
const SCOPE = /^(user|system)\/([A-Z][A-Za-z]*|\*)\.(\*|read|write|c?r?u?d?s?)$/;

/** The letters of `.cruds` that an interaction needs: one of them is enough. */
const NEEDED: Readonly<Record<string, string>> = {
  create: 'c',
  read: 'r',
  vread: 'r',
  history: 'r',
  update: 'u',
  patch: 'u',
  delete: 'd',
  search: 's',
  validate: 'cu',
};

const V1: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' };

/** True for a scope that narrows what a token may do: one that cannot be read narrows too, and permits nothing. */
export function isSmartScope(scope: string): boolean {
  return CONTEXT.test(scope);
}

/**
 * True where one of the scopes permits an operation such as `Patient.search`. `patient/` scopes permit nothing:
 * no token has a patient in its context.
 */
export function scopesPermit(scopes: readonly string[], operation: string): boolean {
  const [type = '', interaction = ''] = operation.split('.');
  const needed = Object.hasOwn(NEEDED, interaction) ? (NEEDED[interaction] ?? '') : '';
  return scopes.some((scope) => {
    const [, , scopeType, permission = ''] = SCOPE.exec(scope) ?? [];
    if (scopeType !== '*' && scopeType !== type) return false;
    const letters = Object.hasOwn(V1, permission) ? (V1[permission] ?? '') : permission;
    return [...needed].some((letter) => letters.includes(letter));
  });
}
