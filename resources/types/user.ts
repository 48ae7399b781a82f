import type { ResourceDefinition } from '../definition.ts';

/** A person who signs in with a password, through a Client. */
export const user: ResourceDefinition = {
  name: 'User',
  kind: 'resource',
  description: 'A person who signs in; policies say what they may do.',
  elements: {
    id: { type: 'id', summary: true },
    meta: { type: 'Meta', summary: true },
    userName: { type: 'string', maxLength: 256, summary: true },
    email: { type: 'string', maxLength: 256, summary: true },
    password: { type: 'string', maxLength: 1024 },
    name: {
      summary: true,
      elements: { givenName: { type: 'string' }, familyName: { type: 'string' }, formatted: { type: 'string' } },
    },
    inactive: { type: 'boolean', summary: true },
    roles: { list: true, summary: true, elements: { value: { type: 'string', min: 1 } } },
    fhirUser: { type: 'Link' },
    data: { open: true },
  },
  search: {
    username: {
      kind: 'token',
      transform: 'folded',
      paths: [['userName']],
      description: 'The user name for signing in',
    },
    email: {
      kind: 'token',
      transform: 'folded',
      paths: [['email']],
      description: 'The email address for signing in',
    },
    name: {
      kind: 'string',
      paths: [
        ['name', 'givenName'],
        ['name', 'familyName'],
        ['name', 'formatted'],
      ],
      description: "A part of the user's name",
    },
    role: { kind: 'token', paths: [['roles', 'value']], description: 'A role of the user' },
    inactive: {
      kind: 'token',
      default: 'false',
      paths: [['inactive']],
      description: 'Whether the user is barred from signing in',
    },
  },
  secrets: ['password'],
  unique: { namespace: 'login', elements: ['id', 'userName', 'email'] },
  governsAccess: true,
};
