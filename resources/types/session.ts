import type { ResourceDefinition } from '../definition.ts';

/** What a grant of the token endpoint began. It never holds a token, nor what could stand for one. */
export const session: ResourceDefinition = {
  name: 'Session',
  kind: 'resource',
  description: 'A token that was given out, from its issue to its end.',
  elements: {
    id: { type: 'id', summary: true },
    meta: { type: 'Meta', summary: true },
    type: { type: 'code', summary: true },
    active: { type: 'boolean', summary: true },
    client: { type: 'Link', targets: ['Client'], summary: true },
    user: { type: 'Link', targets: ['User'], summary: true },
    start: { type: 'instant', summary: true },
    end: { type: 'instant', summary: true },
    exp: { type: 'instant', summary: true },
    refresh_token_exp: { type: 'instant' },
    jti: { type: 'string' },
    audience: { type: 'string', list: true },
    scope: { type: 'string', list: true },
    ip: { type: 'string' },
    user_agent: { type: 'string' },
    last_used: { type: 'instant', summary: true },
    last_ip: { type: 'string' },
    last_user_agent: { type: 'string' },
  },
  search: {
    client: { kind: 'reference', paths: [['client']], targets: ['Client'], description: 'The application' },
    user: { kind: 'reference', paths: [['user']], targets: ['User'], description: 'The person' },
    type: { kind: 'token', paths: [['type']], description: 'The grant that began it' },
    active: { kind: 'token', paths: [['active']], description: 'Whether its tokens are good' },
    start: { kind: 'date', paths: [['start']], description: 'When it began' },
    end: { kind: 'date', paths: [['end']], description: 'When it was closed' },
    exp: { kind: 'date', paths: [['exp']], description: 'When its access token expires' },
    'refresh-token-exp': {
      kind: 'date',
      paths: [['refresh_token_exp']],
      description: 'When its refresh token expires',
    },
    'last-used': {
      kind: 'date',
      paths: [['last_used']],
      description: 'When its token was last shown, to the minute or so',
    },
    jti: { kind: 'token', paths: [['jti']], description: 'The identifier in its tokens' },
    ip: { kind: 'token', paths: [['ip']], description: 'The address it was begun from' },
  },
};
