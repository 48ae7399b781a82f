import type {
  ExtensionDefinition,
  ResourceDefinition,
  SearchParameterDefinition,
  TypeDefinition,
} from './definition.ts';
import { type Compartment, inheritResource, isResource, openDefinitions } from './fhir/load.ts';
import { accessPolicy } from './types/access-policy.ts';
import { client } from './types/client.ts';
import { link } from './types/link.ts';
import { session } from './types/session.ts';
import { user } from './types/user.ts';

/** The server's own resource types. */
const OWN: ResourceDefinition[] = [client, user, session, accessPolicy];

/** The server's own datatypes. */
const OWN_DATATYPES: TypeDefinition[] = [link];

/**
 * The resource types of FHIR R4 that have no endpoint: they only carry what goes into an operation and comes out of it
 * (https://hl7.org/fhir/R4/parameters.html). All others are served.
 */
const NOT_SERVED = ['Parameters'];

/** The search parameters that every type has, whatever it inherits. */
const EVERY_TYPE: Record<string, SearchParameterDefinition> = {
  _id: { kind: 'token', paths: [['id']], url: 'http://hl7.org/fhir/SearchParameter/Resource-id' },
  _lastUpdated: {
    kind: 'date',
    paths: [['meta', 'lastUpdated']],
    url: 'http://hl7.org/fhir/SearchParameter/Resource-lastUpdated',
  },
};

/** The types that the server serves, and those that their resources are made of. */
export interface Registry {
  /** The resource types of R4, served or not. */
  readonly published: readonly string[];
  /** The served resource types, in alphabetical order. */
  names(): string[];
  /** A served resource type; undefined where there is none of that name. */
  get(name: string): ResourceDefinition | undefined;
  /** A datatype: R4's or the server's own. Primitive types are not among them (resources/validate/primitives.ts). */
  datatype(name: string): TypeDefinition | undefined;
  /** A resource type that may be contained in another or referred to: any of R4, and the served ones. */
  resource(name: string): ResourceDefinition | undefined;
  /** The search parameters of a served type by their codes, `_id` and `_lastUpdated` among them. */
  searchParameters(type: string): Record<string, SearchParameterDefinition>;
  /** A type that others are made from: `DomainResource`, `Resource`. */
  base(name: string): TypeDefinition | undefined;
  /** One of the core specification's own extensions. */
  extension(url: string): ExtensionDefinition | undefined;
  /** The published compartments that searches may stay within (`Patient`). */
  compartments(): string[];
  /** The types of a published compartment (`Patient`) with the parameters by which they belong to it. */
  compartment(name: string): Compartment | undefined;
  /** Serves one more type. Throws where its name is taken or its base is not known. */
  add(definition: ResourceDefinition): void;
}

/** A registry of the server's own types and of R4's, which are read from their files when first asked for. */
export function createRegistry(served?: readonly string[]): Registry {
  const published = openDefinitions();
  const instantiable = new Set(published.resources);
  const added = new Map<string, ResourceDefinition>();
  const servedNames = new Set(served ?? published.resources.filter((name) => !NOT_SERVED.includes(name)));
  const datatypes = new Map(OWN_DATATYPES.map((datatype) => [datatype.name, datatype]));
  const parameters = new Map<string, Record<string, SearchParameterDefinition>>();

  function resource(name: string): ResourceDefinition | undefined {
    const definition = added.get(name) ?? (instantiable.has(name) ? published.type(name) : undefined);
    return definition !== undefined && isResource(definition) ? definition : undefined;
  }

  const registry: Registry = {
    published: published.resources,
    names: () => [...servedNames].sort(),
    get: (name) => (servedNames.has(name) ? resource(name) : undefined),
    resource,
    datatype(name) {
      const definition = datatypes.get(name) ?? published.type(name);
      return definition?.kind === 'datatype' ? definition : undefined;
    },
    searchParameters(type) {
      let known = parameters.get(type);
      if (known === undefined) {
        known = { ...EVERY_TYPE, ...registry.get(type)?.search };
        parameters.set(type, known);
      }
      return known;
    },
    base: (name) => published.type(name),
    extension: (url) => published.extension(url),
    compartments: () => published.compartments(),
    compartment: (name) => published.compartment(name),
    add(definition) {
      if (registry.resource(definition.name) !== undefined || registry.datatype(definition.name) !== undefined) {
        throw new Error(`There is a type ${definition.name} already: give this one another name`);
      }
      added.set(definition.name, inheritResource(definition, published.type));
      servedNames.add(definition.name);
    },
  };
  for (const definition of OWN) registry.add(definition);
  return registry;
}
