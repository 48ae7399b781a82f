import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ElementDefinition, ExtensionDefinition, ResourceDefinition, TypeDefinition } from '../definition.ts';

/** The published FHIR R4 definitions; each is read from its file on first use. */
export interface Definitions {
  /** The concrete resource types in alphabetical order. */
  readonly resources: readonly string[];
  /** Returns a resource type (also an abstract one) or a datatype; undefined if R4 has none with this name. */
  type(name: string): TypeDefinition | ResourceDefinition | undefined;
  /** Returns an extension of the core specification by its URL. */
  extension(url: string): ExtensionDefinition | undefined;
  /** Returns the names of the known compartments (`Patient`). */
  compartments(): string[];
  /** Returns the types of a compartment with their parameters; undefined if the compartment is not known. */
  compartment(name: string): Compartment | undefined;
}

/** For each type, the parameters that put its resources into a compartment (FHIR R4 §3.1.1.2). */
export type Compartment = Readonly<Record<string, readonly string[]>>;

const ABSTRACT = ['Resource', 'DomainResource'];

/** Opens the generated data (resources/fhir/README.md); reads only the list of names at once. */
export function openDefinitions(): Definitions {
  const names = read<{ resources: string[]; datatypes: string[] }>('types');
  const known = new Set([...names.resources, ...names.datatypes, ...ABSTRACT]);
  const types = new Map<string, TypeDefinition | ResourceDefinition>();
  let extensions: Map<string, ExtensionDefinition> | undefined;
  let ofCompartments: Map<string, Compartment> | undefined;

  function type(name: string): TypeDefinition | ResourceDefinition | undefined {
    let found = types.get(name);
    if (found === undefined && known.has(name)) {
      const own = read<TypeDefinition | ResourceDefinition>(name);
      found = isResource(own) ? inheritResource(own, type) : inherit(own, type);
      types.set(name, found);
    }
    return found;
  }

  function compartments(): Map<string, Compartment> {
    ofCompartments ??= new Map(Object.entries(read<Record<string, Compartment>>('compartments')));
    return ofCompartments;
  }

  return {
    resources: names.resources,
    type,
    extension(url) {
      extensions ??= new Map(
        Object.entries(read<{ extensions: Record<string, ExtensionDefinition> }>('extensions').extensions),
      );
      return extensions.get(url);
    },
    compartments: () => [...compartments().keys()],
    compartment: (name) => compartments().get(name),
  };
}

/**
 * Merges the elements and invariants of the base into a type, and those of their bases into nested elements. Throws if
 * the base is not known.
 */
function inherit<T extends TypeDefinition>(definition: T, type: Definitions['type']): T {
  const base = definition.base === undefined ? undefined : type(definition.base);
  if (definition.base !== undefined && base === undefined) {
    throw new Error(`${definition.name} has an unknown base, ${definition.base}`);
  }
  return {
    ...definition,
    ...(base === undefined ? {} : { invariants: { ...base.invariants, ...definition.invariants } }),
    elements: inheritElements(definition, base, type),
  };
}

/** Like `inherit`, and also merges the search parameters of the base. */
export function inheritResource(definition: ResourceDefinition, type: Definitions['type']): ResourceDefinition {
  const base = definition.base === undefined ? undefined : type(definition.base);
  const inherited = base !== undefined && isResource(base) ? base.search : {};
  return { ...inherit(definition, type), search: { ...inherited, ...definition.search } };
}

/** Returns true for a resource type, false for a datatype. */
export function isResource(definition: TypeDefinition | ResourceDefinition): definition is ResourceDefinition {
  return definition.kind === 'resource';
}

function inheritElements(
  own: Pick<TypeDefinition, 'elements'>,
  base: Pick<TypeDefinition, 'elements'> | undefined,
  type: (name: string) => TypeDefinition | undefined,
): Record<string, ElementDefinition> {
  const elements: Record<string, ElementDefinition> = { ...base?.elements };
  for (const [name, element] of Object.entries(own.elements)) {
    const { elements: nested } = element;
    const below = element.base === undefined ? undefined : type(element.base);
    elements[name] =
      nested === undefined ? element : { ...element, elements: inheritElements({ elements: nested }, below, type) };
  }
  return elements;
}

/** The data is next to the sources; `imports` in package.json locates it, for compiled code too. */
const { resolve } = createRequire(import.meta.url);

function read<T>(name: string): T {
  return JSON.parse(readFileSync(resolve(`#r4/${name}.json`), 'utf8'));
}
