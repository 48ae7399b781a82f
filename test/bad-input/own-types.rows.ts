/** Clients, Users and policies that break a rule of their type, and writes that none of them takes. */
import { bodies, type Row } from './row.ts';

type Bad = [name: string, request: { json: object }, status: number, code: string, expression: string];
const bad = (name: string, body: object, code: string, expression: string): Bad => {
  return [name, { json: body }, 422, code, expression];
};
const grant = (name: string, settings: object, code: string, at: string): Bad => {
  return bad(name, { auth: { client_credentials: settings } }, code, `Client.auth.client_credentials.${at}`);
};
const policy = (name: string, body: object, code: string, expression: string): Bad => {
  return bad(name, body, code, `AccessPolicy.${expression}`);
};

export const OWN_TYPES: Row[] = [
  ...bodies('a Client', 'PUT', '/Client/x', [
    bad('a grant that is none', { grant_types: ['magic'] }, 'code-invalid', 'Client.grant_types[0]'),
    bad('text for the grants', { grant_types: 'password' }, 'structure', 'Client.grant_types'),
    bad('a secret that is a number', { secret: 12345 }, 'value', 'Client.secret'),
    bad('a secret that is an object', { secret: { a: 'b' } }, 'value', 'Client.secret'),
    bad('an empty secret', { secret: '' }, 'value', 'Client.secret'),
    bad('a hash for a secret', { secret_hash: 'x' }, 'structure', 'Client.secret_hash'),
    bad('text for active', { active: 'no' }, 'value', 'Client.active'),
  ]),
  ...bodies('the grant of a Client', 'PUT', '/Client/x', [
    grant('a format that is none', { token_format: 'opaque' }, 'code-invalid', 'token_format'),
    grant('no time at all', { access_token_expiration: 0 }, 'value', 'access_token_expiration'),
    grant('a time before now', { access_token_expiration: -1 }, 'value', 'access_token_expiration'),
    grant('a time as text', { access_token_expiration: '600' }, 'value', 'access_token_expiration'),
    grant('half a second', { refresh_token_expiration: 1.5 }, 'value', 'refresh_token_expiration'),
    grant('text for a flag', { refresh_token: 'yes' }, 'value', 'refresh_token'),
    grant('an unknown attribute', { token_expiration: 600 }, 'structure', 'token_expiration'),
  ]),
  ...bodies('a User', 'PUT', '/User/x', [
    bad('a role without a value', { roles: [{ display: 'doctor' }] }, 'structure', 'User.roles[0].display'),
    bad('text for a role', { roles: ['doctor'] }, 'structure', 'User.roles[0]'),
    bad('a password that is a number', { password: 12345 }, 'value', 'User.password'),
    bad('an unknown element', { admin: true }, 'structure', 'User.admin'),
    bad('text for the name', { name: 'Ann' }, 'structure', 'User.name'),
    bad('an email list', { email: ['a@example.org'] }, 'value', 'User.email'),
  ]),
  ...bodies('a policy', 'PUT', '/AccessPolicy/x', [
    policy('no engine', { description: 'open' }, 'required', 'engine'),
    policy('an engine that is none', { engine: 'sql' }, 'business-rule', 'engine'),
    policy('an empty link', { engine: 'allow', link: [] }, 'structure', 'link'),
    policy('a link to nothing', { engine: 'allow', link: [{}] }, 'structure', 'link[0]'),
    policy('a link without an id', { engine: 'allow', link: [{ resourceType: 'User' }] }, 'invariant', 'link[0]'),
    policy('text for a link', { engine: 'allow', link: ['Client/x'] }, 'structure', 'link[0]'),
  ]),
  ...bodies('a body that contradicts its address', 'PUT', '/Patient/x', [
    ['another id', { json: { id: 'y' } }, 400, 'structure', 'Patient.id'],
    ['an id in another case', { json: { id: 'X' } }, 400, 'structure', 'Patient.id'],
    ['an id that is a number', { json: { id: 5 } }, 400, 'structure', 'Patient.id'],
    ['another type', { json: { resourceType: 'Client' } }, 400, 'structure', 'Patient.resourceType'],
    ['the type in another case', { json: { resourceType: 'patient' } }, 400, 'structure', 'Patient.resourceType'],
    ['a type that is an object', { json: { resourceType: {} } }, 400, 'structure', 'Patient.resourceType'],
    ['a null type', { json: { resourceType: null } }, 400, 'structure', 'Patient.resourceType'],
  ]),
];
