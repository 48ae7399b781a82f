import type { JsonObject } from '../resources/json/value.ts';
import type { Registry } from '../resources/registry.ts';
import { BUNDLE_TYPES } from './bundles/mount.ts';
import type { Config } from './config.ts';
import { MEDIA_TYPES } from './formats/media-types.ts';
import { INTERACTIONS } from './interactions/registry.ts';

/** The codes of the interactions, each once. */
function interactionCodes(): string[] {
  return [...new Set(INTERACTIONS.flatMap(({ code }) => (code === undefined ? [] : [code])))];
}

/** What this server does, from its registries (FHIR R4 §2.27, https://hl7.org/fhir/R4/capabilitystatement.html). */
export function capabilityStatement(registry: Registry, config: Config, base: string, started: number): JsonObject {
  const interaction = interactionCodes().map((code) => ({ code }));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: new Date(started).toISOString(),
    kind: 'instance',
    software: { name: 'Ward' },
    implementation: { description: 'Ward', url: base },
    fhirVersion: '4.0.1',
    format: MEDIA_TYPES.filter(({ answer }) => answer).map(({ mediaType }) => mediaType),
    rest: [
      {
        mode: 'server',
        security: security(config),
        interaction: BUNDLE_TYPES.map((code) => ({ code })),
        resource: registry.names().map((type) => ({
          type,
          interaction,
          versioning: 'versioned-update',
          readHistory: true,
          updateCreate: true,
          searchParam: Object.entries(registry.searchParameters(type)).map(([name, { kind, url }]) => {
            return { name, type: kind, ...(url === undefined ? {} : { definition: url }) };
          }),
        })),
      },
    ],
  };
}

/** The OAuth endpoints, as https://hl7.org/fhir/smart-app-launch/1.0.0/conformance/ has SMART clients look for them. */
function security(config: Config): JsonObject {
  const system = 'http://terminology.hl7.org/CodeSystem/restful-security-service';
  return {
    cors: config.corsOrigins.length > 0,
    service: [{ coding: [{ system, code: 'OAuth' }] }, { coding: [{ system, code: 'Basic' }] }],
    extension: [
      {
        url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
        extension: [
          { url: 'token', valueUri: `${config.baseUrl}/auth/token` },
          { url: 'revoke', valueUri: `${config.baseUrl}/auth/revoke` },
          { url: 'introspect', valueUri: `${config.baseUrl}/auth/introspect` },
        ],
      },
    ],
  };
}
