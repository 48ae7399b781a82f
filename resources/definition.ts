/**
 * The format of type definitions: plain JSON, for FHIR's own types (generated from the published definitions), the
 * server's types and user-declared types.
 */

/** An element of a type, or of a nested (backbone) element. */
export interface ElementDefinition {
  /** The element's type: a primitive (`string`), a datatype (`HumanName`), `Resource` or, with `elements`, absent. */
  type?: string;
  /** `value[x]`: the allowed types. The element is declared as `value`, and sent as `valueString`, … */
  choice?: string[];
  /** 1 if the element is required. */
  min?: number;
  /** True if the element repeats, so that it is an array. */
  list?: boolean;
  /** The children of a nested element. */
  elements?: Record<string, ElementDefinition>;
  /** With `elements`: the type whose elements a nested element inherits (`BackboneElement`); merged in when loaded. */
  base?: string;
  /** The path of the element whose children it reuses: `Questionnaire.item` (FHIR's contentReference). */
  sameAs?: string;
  /** Types that a Reference may point to; default: any. */
  targets?: string[];
  /** The allowed codes (a required binding). */
  codes?: string[];
  /** The same for a Coding or CodeableConcept: the allowed codes by system. */
  codings?: Record<string, string[]>;
  /** The same for codes that follow a rule: a code system in resources/validate/code-systems/registry.ts. */
  codeSystem?: string;
  /** For a secret: the maximum number of values if it is given as a list, each of which is accepted. */
  several?: number;
  /** Smallest and largest allowed number. */
  minimum?: number;
  maximum?: number;
  /** Maximum number of characters. */
  maxLength?: number;
  /** Invariants of the value: the text of each by its id. */
  invariants?: Record<string, string>;
  /** True if `_summary=true` includes the element. */
  summary?: boolean;
  /** True for an object with undeclared members (`User.data`), stored as sent. */
  open?: boolean;
}

export type SearchKindName =
  | 'string'
  | 'token'
  | 'date'
  | 'reference'
  | 'number'
  | 'quantity'
  | 'uri'
  | 'composite'
  | 'special';

/**
 * A step from an element to elements below it: a name (`given`; `%resource` returns to the resource), the required type
 * of a choice (`{ as: 'Quantity' }`) or of a reference (`{ resolvesTo: 'Patient' }`), a filter by a child's value
 * (`{ where: { system: 'email' } }`), or an index (`{ at: 0 }`).
 */
export type PathStep =
  | string
  | { as: string }
  | { resolvesTo: string }
  | { where: Record<string, string> }
  | { at: number };

export interface SearchParameterDefinition {
  kind: SearchKindName;
  /** The paths that it reads, each a list of steps from the resource. */
  paths: PathStep[][];
  /** Types that a reference parameter can point to. */
  targets?: string[];
  /**
   * Transformation of the value before indexing: `exists` gives true if there is a value other than false, otherwise
   * false; `folded` makes it case-insensitive (NFKC and case-folded, like names).
   */
  transform?: 'exists' | 'folded';
  /** The code that is indexed if the resource has no value. */
  default?: string;
  /** The components of a composite: parameters relative to `paths`. */
  components?: SearchParameterDefinition[];
  /** The URL of the parameter's published definition. */
  url?: string;
  description?: string;
}

/** A datatype or a resource type. */
export interface TypeDefinition {
  name: string;
  kind: 'datatype' | 'resource';
  /** The type whose elements and search parameters it inherits; they are merged in when it is loaded. */
  base?: string;
  /** Invariants between the elements: the text of each by its id. */
  invariants?: Record<string, string>;
  /** Elements in the order of the definition. */
  elements: Record<string, ElementDefinition>;
}

/** A type with its own endpoint. `id`, `meta`, `implicitRules`, `language`, … are declared like other elements. */
export interface ResourceDefinition extends TypeDefinition {
  kind: 'resource';
  search: Record<string, SearchParameterDefinition>;
  description?: string;
  /** Write-only top-level elements: hashed when written, and stored apart from the resource. */
  secrets?: string[];
  /** Elements whose values are unique in a namespace, compared NFKC and case-folded; may include `id`. */
  unique?: { namespace: string; elements: string[] };
  /** True if only the server creates resources of the type. */
  madeByServer?: boolean;
  /** True if a change of a resource changes what callers may do: other nodes must then refresh their caches. */
  governsAccess?: boolean;
}

/**
 * The definition of an extension of the core specification, found by its URL, or of a part of one, found by its name.
 */
export interface ExtensionDefinition {
  /** The allowed contexts: `Patient`, `Patient.birthDate`, `HumanName`, `Element`; absent for a part. */
  context?: string[];
  /** The allowed `value[x]`; absent if it has parts instead. */
  value?: ElementDefinition;
  /** Its parts by their relative URL. */
  parts?: Record<string, ExtensionDefinition>;
  /** 1 if the part is required. */
  min?: number;
  /** True if it may repeat at one place. */
  list?: boolean;
  /** True if it changes the meaning of its element, so that it belongs in `modifierExtension`. */
  modifier?: boolean;
}
