/**
 * The published definitions as the generator reads them: the parts that it uses of StructureDefinition, ValueSet,
 * CodeSystem and SearchParameter (https://hl7.org/fhir/R4/structuredefinition.html).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asPublished } from './genuine.ts';

const RELEASE = '4.0.1';

export interface PublishedType {
  code: string;
  profile?: string[];
  targetProfile?: string[];
  extension?: { url: string; valueUrl?: string }[];
}

export interface PublishedElement {
  id: string;
  path: string;
  sliceName?: string;
  min: number;
  max: string;
  base?: { path: string; max: string };
  type?: PublishedType[];
  contentReference?: string;
  binding?: { strength: string; valueSet?: string; extension?: { url: string; valueCanonical?: string }[] };
  constraint?: { key: string; severity: string; human: string }[];
  isSummary?: boolean;
  isModifier?: boolean;
  fixedUri?: string;
}

export interface PublishedStructure {
  resourceType: 'StructureDefinition';
  url: string;
  version: string;
  name: string;
  kind: string;
  abstract: boolean;
  derivation?: string;
  description?: string;
  baseDefinition?: string;
  context?: { type: string; expression: string }[];
  snapshot: { element: PublishedElement[] };
}

export interface PublishedSearchParameter {
  resourceType: 'SearchParameter';
  url: string;
  version: string;
  code: string;
  type: string;
  description: string;
  base: string[];
  target?: string[];
  expression?: string;
  component?: { definition: string; expression: string }[];
}

export interface PublishedConcept {
  code: string;
  property?: { code: string; valueBoolean?: boolean; valueCode?: string }[];
  concept?: PublishedConcept[];
}

export interface PublishedFilter {
  property: string;
  op: string;
  value: string;
}

export interface PublishedValueSet {
  resourceType: 'ValueSet';
  url: string;
  compose?: {
    include: { system?: string; concept?: PublishedConcept[]; filter?: PublishedFilter[]; valueSet?: unknown }[];
    exclude?: unknown;
  };
}

export interface PublishedCodeSystem {
  resourceType: 'CodeSystem';
  url: string;
  content: string;
  concept?: PublishedConcept[];
}

export interface PublishedCompartment {
  resourceType: 'CompartmentDefinition';
  code: string;
  resource: { code: string; param?: string[] }[];
}

type Entry = { resourceType: string; version?: string };

export interface Published {
  types: PublishedStructure[];
  extensions: PublishedStructure[];
  searchParameters: PublishedSearchParameter[];
  compartments: PublishedCompartment[];
  valueSets: Map<string, PublishedValueSet>;
  codeSystems: Map<string, PublishedCodeSystem>;
}

/** Reads the published R4 definitions from a folder, without those of other FHIR releases. */
export function readPublished(folder: string): Published {
  const read = <T extends Entry>(file: string, resourceType: T['resourceType']): T[] => {
    const bundle: { entry: { resource: T }[] } = JSON.parse(readFileSync(join(folder, file), 'utf8'));
    return bundle.entry.map((entry) => entry.resource).filter((resource) => resource.resourceType === resourceType);
  };
  const ofRelease = <T extends Entry>(resources: T[]): T[] => resources.filter(({ version }) => version === RELEASE);
  const vocabularies = ['valuesets.json', 'v3-codesystems.json', 'v2-tables.json'];
  const byUrl = <T extends Entry & { url: string }>(resourceType: T['resourceType']): Map<string, T> =>
    new Map(vocabularies.flatMap((file) => read<T>(file, resourceType)).map((resource) => [resource.url, resource]));
  const listed = new Map<string, PublishedElement>();
  for (const { snapshot } of read<PublishedStructure>('dataelements.json', 'StructureDefinition')) {
    for (const element of snapshot.element) if (!listed.has(element.path)) listed.set(element.path, element);
  }
  return {
    types: ['profiles-types.json', 'profiles-resources.json']
      .flatMap((file) => ofRelease(read<PublishedStructure>(file, 'StructureDefinition')))
      .map((structure) => asPublished(structure, listed)),
    extensions: ofRelease(read<PublishedStructure>('extension-definitions.json', 'StructureDefinition')),
    searchParameters: ofRelease(read<PublishedSearchParameter>('search-parameters.json', 'SearchParameter')),
    compartments: [JSON.parse(readFileSync(join(folder, 'compartmentdefinition-patient.json'), 'utf8'))],
    valueSets: byUrl<PublishedValueSet>('ValueSet'),
    codeSystems: byUrl<PublishedCodeSystem>('CodeSystem'),
  };
}

/** `http://hl7.org/fhir/StructureDefinition/Patient` → `Patient`. */
export function lastSegment(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
