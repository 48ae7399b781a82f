import type {
  ExtensionDefinition,
  ResourceDefinition,
  SearchParameterDefinition,
  TypeDefinition,
} from './definition.ts';
import { inheritResource, isResource, openDefinitions } from './fhir/load.ts';
import { accessPolicy } from './types/access-policy.ts';
import { client } from './types/client.ts';
import { link } from './types/link.ts';
import { session } from './types/session.ts';
import { user } from './types/user.ts';

/** The server's own resource types. */
const OWN: ResourceDefinition[] = [client, user, session, accessPolicy];

/** The server's own datatypes. */
const OWN_DATATYPES: TypeDefinition[] = [link];

/** The FHIR R4 resource types that are served. */
export const SERVED = ['Observation', 'Organization', 'Patient'];

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
  /** One of the core specification's own extensions. */
  extension(url: string): ExtensionDefinition | undefined;
  /** Serves one more type. Throws where its name is taken or its base is not known. */
  add(definition: ResourceDefinition): void;
}

/** A registry of the types that are listed above; R4's are read from their files when first asked for. */
export function createRegistry(served: readonly string[] = SERVED): Registry {
  const published = openDefinitions();
  const instantiable = new Set(published.resources);
  const added = new Map<string, ResourceDefinition>();
  const servedNames = new Set(served);
  const datatypes = new Map(OWN_DATATYPES.map((datatype) => [datatype.name, datatype]));
  const parameters = new Map<string, Record<string, SearchParameterDefinition>>();

  function resource(name: string): ResourceDefinition | undefined {
    const definition = added.get(name) ?? (instantiable.has(name) ? published.type(name) : undefined);
    return definition !== undefined && isResource(definition) ? definition : undefined;
  }

  const registry: Registry = {
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
    extension: (url) => published.extension(url),
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
