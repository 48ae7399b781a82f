import { history, systemHistory } from './history.ts';
import type { Interaction } from './interaction.ts';
import { read, vread } from './read.ts';
import { search } from './search.ts';
import { validate } from './validate.ts';
import {
  byQuery,
  conditionalPatch,
  conditionalRemove,
  conditionalUpdate,
  create,
  noneExists,
  patch,
  remove,
  update,
} from './write.ts';

/** Every resource interaction that is served, in the order in which addresses are matched. */
export const INTERACTIONS: readonly Interaction[] = [
  {
    method: 'get',
    path: '/_history',
    name: 'history',
    code: 'history-system',
    everyType: true,
    handle: systemHistory,
  },
  { method: 'get', path: '/:type/_history', name: 'history', code: 'history-type', handle: history },
  { method: 'get', path: '/:type/:id/_history', name: 'history', code: 'history-instance', handle: history },
  {
    method: 'get',
    path: '/:type/:id/_history/:version',
    name: 'vread',
    code: 'vread',
    brings: { readHistory: true },
    handle: vread,
  },
  // Behind the histories, whose addresses look like it.
  { method: 'get', path: '/Patient/:patient/:type', name: 'search', handle: search },
  { method: 'post', path: '/:type/_search', name: 'search', code: 'search-type', takes: 'form', handle: search },
  {
    method: 'post',
    path: '/$validate',
    name: 'validate',
    operation: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
    takes: 'resource',
    handle: validate,
  },
  {
    method: 'post',
    path: '/:type/$validate',
    name: 'validate',
    operation: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
    takes: 'resource',
    handle: validate,
  },
  { method: 'get', path: '/:type', name: 'search', code: 'search-type', handle: search },
  {
    method: 'post',
    path: '/:type',
    name: 'create',
    code: 'create',
    brings: { conditionalCreate: true },
    takes: 'resource',
    condition: noneExists,
    handle: create,
  },
  {
    method: 'put',
    path: '/:type',
    name: 'update',
    brings: { conditionalUpdate: true },
    takes: 'resource',
    condition: byQuery,
    handle: conditionalUpdate,
  },
  { method: 'patch', path: '/:type', name: 'patch', takes: 'patch', condition: byQuery, handle: conditionalPatch },
  {
    method: 'delete',
    path: '/:type',
    name: 'delete',
    brings: { conditionalDelete: 'single' },
    condition: byQuery,
    handle: conditionalRemove,
  },
  {
    method: 'get',
    path: '/:type/:id',
    name: 'read',
    code: 'read',
    brings: { conditionalRead: 'full-support' },
    handle: read,
  },
  {
    method: 'put',
    path: '/:type/:id',
    name: 'update',
    code: 'update',
    brings: { updateCreate: true },
    takes: 'resource',
    handle: update,
  },
  { method: 'patch', path: '/:type/:id', name: 'patch', code: 'patch', takes: 'patch', handle: patch },
  { method: 'delete', path: '/:type/:id', name: 'delete', code: 'delete', handle: remove },
];
