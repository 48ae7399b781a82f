import type { ResourceDefinition } from '../definition.ts';

/** Access rules. The element of a policy's engine is validated by that engine when the policy is written. */
export const accessPolicy: ResourceDefinition = {
  name: 'AccessPolicy',
  kind: 'resource',
  description: 'A rule that permits requests, for everyone or for those it is linked to.',
  elements: {
    id: { type: 'id', summary: true },
    meta: { type: 'Meta', summary: true },
    engine: { type: 'code', min: 1, summary: true },
    description: { type: 'string', summary: true },
    link: { type: 'Link', targets: ['Client', 'User', 'Role', 'Operation'], list: true, summary: true },
    matcho: { open: true },
    schema: { open: true },
    and: { open: true, list: true },
    or: { open: true, list: true },
    resource: { type: 'code' },
    interaction: { type: 'code', list: true },
    criteria: { type: 'string' },
  },
  search: {
    engine: { kind: 'token', paths: [['engine']], description: 'The policy engine' },
    link: {
      kind: 'reference',
      paths: [['link']],
      targets: ['Client', 'User'],
      description: 'A Client or User that it is linked to',
    },
  },
  governsAccess: true,
};
