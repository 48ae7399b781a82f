import type { ResourceDefinition } from '../../resources/definition.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import type { Registry } from '../../resources/registry.ts';
import { RESULT_PARAMETERS } from '../../resources/search/parse.ts';
import { BUNDLE_TYPES } from '../bundles/mount.ts';
import type { Config } from '../config.ts';
import { type BodyKind, MEDIA_TYPES } from '../formats/media-types.ts';
import type { Interaction } from '../interactions/interaction.ts';
import { INTERACTIONS } from '../interactions/registry.ts';
import { describeTypes } from './types.ts';
import { VERSION } from './version.ts';

/**
 * Returns the CapabilityStatement of the registries (FHIR R4 §2.27, https://hl7.org/fhir/R4/capabilitystatement.html).
 */
export function capabilityStatement(registry: Registry, config: Config, base: string, started: number): JsonObject {
  const ofSystem = INTERACTIONS.filter((one) => !isOfType(one) && !isOfCompartment(one));
  const system = [...interactionCodes(ofSystem), ...BUNDLE_TYPES.map((code) => ({ code }))];
  return {
    resourceType: 'CapabilityStatement',
    url: `${base}/metadata`,
    name: 'Ward',
    status: 'active',
    date: new Date(started).toISOString(),
    kind: 'instance',
    software: { name: 'Ward', version: VERSION },
    implementation: { description: 'Ward', url: base },
    fhirVersion: '4.0.1',
    format: MEDIA_TYPES.filter(({ answer }) => answer).map(({ mediaType }) => mediaType),
    patchFormat: PATCHES.flatMap((kind) => MEDIA_TYPES.filter((row) => row.kind === kind)).map((row) => row.mediaType),
    rest: [
      {
        mode: 'server',
        documentation: `Searches also support ${RESULT_PARAMETERS.join(', ')}, _list, chained parameters and _has.`,
        security: security(config),
        resource: describeTypes(registry, servedOf, ownOperations(registry, base)),
        interaction: system,
        operation: operations(ofSystem),
        compartment: registry.compartments().map((name) => `${COMPARTMENTS}/${name.toLowerCase()}`),
      },
    ],
  };
}

/** The base of the canonical URLs of FHIR's compartment definitions. */
const COMPARTMENTS = 'http://hl7.org/fhir/CompartmentDefinition';

const PATCHES: readonly BodyKind[] = ['json-patch', 'merge-patch'];

function isOfType({ path }: Interaction): boolean {
  return path.startsWith('/:type');
}

function isOfCompartment({ path }: Interaction): boolean {
  return path.startsWith('/:compartment');
}

/** Returns the distinct codes of interactions. */
function interactionCodes(interactions: readonly Interaction[]): JsonObject[] {
  const codes = new Set(interactions.flatMap(({ code }) => (code === undefined ? [] : [code])));
  return [...codes].map((code) => ({ code }));
}

/** Returns the operations among interactions (FHIR R4 §2.27, `rest.operation`). */
function operations(interactions: readonly Interaction[]): JsonObject[] {
  return interactions.flatMap(({ path, operation: definition }) =>
    definition === undefined ? [] : [{ name: path.slice(path.lastIndexOf('$') + 1), definition }],
  );
}

/** Returns what a type supports: its interactions, what each adds, and its operations. */
function servedOf({ madeByServer = false }: ResourceDefinition): JsonObject {
  const interactions = INTERACTIONS.filter((one) => isOfType(one) && !(madeByServer && one.code === 'create'));
  const operation = operations(interactions);
  return {
    interaction: interactionCodes(interactions),
    versioning: 'versioned-update',
    ...Object.assign({}, ...interactions.map(({ brings }) => brings)),
    ...(madeByServer ? { updateCreate: false } : {}),
    referencePolicy: ['literal', 'logical'],
    ...(operation.length === 0 ? {} : { operation }),
  };
}

/** Returns the operations of single types; the server's own is defined in its OpenAPI document. */
function ownOperations(registry: Registry, base: string): Record<string, JsonObject[]> {
  const ofCompartments = operations(INTERACTIONS.filter(isOfCompartment));
  return {
    Session: [{ name: 'revoke', definition: `${base}/openapi.json` }],
    ...Object.fromEntries(registry.compartments().map((type) => [type, ofCompartments])),
  };
}

/** Returns the OAuth endpoints for SMART clients (https://hl7.org/fhir/smart-app-launch/1.0.0/conformance/). */
function security(config: Config): JsonObject {
  const system = 'http://terminology.hl7.org/CodeSystem/restful-security-service';
  const coded = (code: string) => ({ coding: [{ system, code }] });
  return {
    cors: true,
    service: [coded('OAuth'), coded('SMART-on-FHIR'), coded('Basic')],
    description: `Bearer tokens from ${config.baseUrl}/auth/token; Basic where the Client has that grant.`,
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: [
          { url: 'authorize', valueUri: `${config.baseUrl}/auth/authorize` },
          { url: 'token', valueUri: `${config.baseUrl}/auth/token` },
          { url: 'revoke', valueUri: `${config.baseUrl}/auth/revoke` },
          { url: 'introspect', valueUri: `${config.baseUrl}/auth/introspect` },
        ],
      },
    ],
  };
}
