/** The least that each type asks for is taken: its required elements, and what its rules ask for beside them. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { ElementDefinition } from '../../resources/definition.ts';
import type { Json, JsonObject } from '../../resources/json/value.ts';
import { issuesOf, registry } from './check.ts';

/** A value of each type that is not put together from its required elements. */
const VALUES: Record<string, Json> = {
  boolean: true,
  integer: 1,
  positiveInt: 1,
  unsignedInt: 1,
  decimal: 1.5,
  uri: 'urn:a:b',
  url: 'https://a.example',
  canonical: 'https://a.example/b',
  oid: 'urn:oid:1.2.3',
  date: '2024-02-29',
  dateTime: '2024-02-29',
  instant: '2024-02-29T12:00:00Z',
  base64Binary: 'YQ==',
  CodeableConcept: { text: 'a' },
  Coding: { system: 'urn:a:b', code: 'a' },
  Identifier: { value: 'a' },
  Period: { start: '2024' },
  Quantity: { value: 1 },
  Range: { low: { value: 1 } },
  Timing: { event: ['2024'] },
  HumanName: { text: 'a' },
  Attachment: { title: 'a' },
  Money: { value: 1, currency: 'EUR' },
  TriggerDefinition: { type: 'named-event', name: 'a' },
  ContactPoint: { system: 'phone', value: '1' },
  Resource: { resourceType: 'Basic', code: { text: 'a' } },
};
const CODES: Record<string, string> = { 'urn:ietf:bcp:13': 'text/plain', 'http://unitsofmeasure.org': 'mg' };

const clinicalStatus = (code: string): JsonObject => ({
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code }],
});

/** What a type's rules ask for that its cardinalities do not. */
const BESIDE: Record<string, JsonObject> = {
  AllergyIntolerance: { clinicalStatus: clinicalStatus('active') },
  Appointment: { participant: [{ actor: { reference: 'Patient/a' }, status: 'accepted' }], status: 'proposed' },
  AppointmentResponse: { actor: { reference: 'Patient/a' } },
  Bundle: { type: 'collection' },
  CapabilityStatement: { kind: 'requirements', description: 'a', rest: [{ mode: 'server' }] },
  Consent: { policyRule: { text: 'a' } },
  ImmunizationRecommendation: {
    recommendation: [{ vaccineCode: [{ text: 'a' }], forecastStatus: { text: 'due' } }],
  },
  InsurancePlan: { name: 'a' },
  Linkage: { item: ['source', 'alternate'].map((type) => ({ type, resource: { reference: 'Patient/a' } })) },
  Organization: { name: 'a' },
  StructureDefinition: { type: 'Patient', differential: { element: [{ id: 'Patient', path: 'Patient' }] } },
  TerminologyCapabilities: { kind: 'requirements', description: 'a' },
};

function sampleOf(element: ElementDefinition): Json {
  const [type = element.type ?? ''] = element.choice ?? [];
  const { elements, codes, codings, codeSystem, targets } = element;
  if (elements !== undefined) return minimal(elements);
  if (codes?.[0] !== undefined) return codes[0];
  if (codeSystem !== undefined) return coded(type, codeSystem, CODES[codeSystem] ?? '');
  for (const [system, [code = '']] of Object.entries(codings ?? {})) return coded(type, system, code);
  if (type === 'Reference') return { reference: `${targets?.[0] ?? 'Patient'}/a` };
  const own = registry.datatype(type);
  return VALUES[type] ?? (own === undefined ? 'a' : minimal(own.elements));
}

function coded(type: string, system: string, code: string): Json {
  if (type === 'CodeableConcept') return { coding: [{ system, code }] };
  return type === 'Coding' ? { system, code } : code;
}

function minimal(elements: Record<string, ElementDefinition>): JsonObject {
  const required = Object.entries(elements).filter(([, { min }]) => min === 1);
  return Object.fromEntries(
    required.map(([name, element]) => {
      const [type] = element.choice ?? [];
      const key = type === undefined ? name : `${name}${type.charAt(0).toUpperCase()}${type.slice(1)}`;
      const value = sampleOf(element);
      return [key, element.list === true ? [value] : value];
    }),
  );
}

describe('validation: the least of each type', () => {
  for (const name of registry.published) {
    it(name, () => {
      const { elements = {} } = registry.get(name) ?? {};
      expect(issuesOf({ resourceType: name, ...minimal(elements), ...BESIDE[name] })).to.eql([]);
    });
  }
});
