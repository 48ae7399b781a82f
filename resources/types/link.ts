import type { TypeDefinition } from '../definition.ts';

/**
 * A reference in the server's own types, in one of two styles: FHIR's `{reference: "Client/x"}`, or Aidbox's
 * `{resourceType: "Client", id: "x"}`.
 */
export const link: TypeDefinition = {
  name: 'Link',
  kind: 'datatype',
  invariants: {
    'link-1': 'There must be either reference, or both resourceType and id',
  },
  elements: {
    reference: { type: 'string', maxLength: 200 },
    resourceType: { type: 'code', maxLength: 64 },
    id: { type: 'id' },
    display: { type: 'string' },
  },
};
