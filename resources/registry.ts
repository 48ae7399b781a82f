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
 * The FHIR R4 resource types without an endpoint: they only carry the input and output of operations
 * (https://hl7.org/fhir/R4/parameters.html). All others are served.
 */
const NOT_SERVED = ['Parameters'];

/** Search parameters of every type, whatever it inherits. */
const EVERY_TYPE: Record<string, SearchParameterDefinition> = {
  _id: { kind: 'token', paths: [['id']], url: 'http://hl7.org/fhir/SearchParameter/Resource-id' },
  _lastUpdated: {
    kind: 'date',
    paths: [['meta', 'lastUpdated']],
    url: 'http://hl7.org/fhir/SearchParameter/Resource-lastUpdated',
  },
};

/** The served types, and the types that they consist of. */
export interface Registry {
  /** All resource types of R4, served or not. */
  readonly published: readonly string[];
  /** Returns the served resource types in alphabetical order. */
  names(): string[];
  /** Returns a served resource type; undefined if there is none with this name. */
  get(name: string): ResourceDefinition | undefined;
  /** Returns a datatype of R4 or of the server. Primitive types are not included (resources/validate/primitives.ts). */
  datatype(name: string): TypeDefinition | undefined;
  /** Returns a resource type that may be contained or referenced: any of R4, and the served ones. */
  resource(name: string): ResourceDefinition | undefined;
  /** Returns the search parameters of a served type by code, including `_id` and `_lastUpdated`. */
  searchParameters(type: string): Record<string, SearchParameterDefinition>;
  /** Returns a type that others inherit from: `DomainResource`, `Resource`. */
  base(name: string): TypeDefinition | undefined;
  /** Returns an extension of the core specification by its URL. */
  extension(url: string): ExtensionDefinition | undefined;
  /** Returns the names of the published compartments for searches (`Patient`). */
  compartments(): string[];
  /** Returns the types of a published compartment (`Patient`), with the parameters that put their resources into it. */
  compartment(name: string): Compartment | undefined;
  /** Serves a further type. Throws if its name is taken or its base is not known. */
  add(definition: ResourceDefinition): void;
}

/** Creates a registry of the server's own types and those of R4, which are read from their files on first use. */
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
        throw new Error(`There is already a type ${definition.name}: use another name`);
      }
      added.set(definition.name, inheritResource(definition, published.type));
      servedNames.add(definition.name);
    },
  };
  for (const definition of OWN) registry.add(definition);
  return registry;
}
