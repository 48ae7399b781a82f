/**
 * What a type is. FHIR's own types (generated from the published definitions), the server's types and a user's
 * types are all declared in this one format, which is plain JSON.
 */

/** One element of a type, or of a nested (backbone) element. */
export interface ElementDefinition {
  /** The element's type: a primitive (`string`), a datatype (`HumanName`), `Resource` or, with `elements`, absent. */
  type?: string;
  /** `value[x]`: the permitted types. The element is declared under `value`, and sent as `valueString`, … */
  choice?: string[];
  /** 1 where the element is required. */
  min?: number;
  /** True where the element repeats, so that it is an array. */
  list?: boolean;
  /** The children of a nested element. */
  elements?: Record<string, ElementDefinition>;
  /** With `elements`: the type whose elements a nested element has too (`BackboneElement`); merged in when loaded. */
  base?: string;
  /** A nested element that has the children of another: `Questionnaire.item` (FHIR's contentReference). */
  sameAs?: string;
  /** Types that a Reference may point to; absent means any. */
  targets?: string[];
  /** The only codes allowed (a required binding). */
  codes?: string[];
  /** The same for a Coding or CodeableConcept: the codes allowed, by their system. */
  codings?: Record<string, string[]>;
  /** The same where a rule tells the codes: a code system of resources/validate/code-systems/registry.ts. */
  codeSystem?: string;
  /** For a secret: it may also be a list of at most so many, each of which is right. */
  several?: number;
  /** Smallest and largest number allowed. */
  minimum?: number;
  maximum?: number;
  /** The largest number of characters allowed. */
  maxLength?: number;
  /** Rules that hold between the parts of the value: the id of each and what it demands, for people. */
  invariants?: Record<string, string>;
  /** True where `_summary=true` keeps the element. */
  summary?: boolean;
  /** An object whose members are not declared (`User.data`): kept as sent. */
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
 * A step from an element to the elements below it:
 * a name (`given`; `%resource` goes back to the resource), a type a choice or reference must have
 * (`{ as: 'Quantity' }`, `{ resolvesTo: 'Patient' }`), a filter by a child's value
 * (`{ where: { system: 'email' } }`), an index (`{ at: 0 }`).
 */
export type PathStep =
  | string
  | { as: string }
  | { resolvesTo: string }
  | { where: Record<string, string> }
  | { at: number };

export interface SearchParameterDefinition {
  kind: SearchKindName;
  /** The places it reads: each a list of steps from the resource. */
  paths: PathStep[][];
  /** Types that a reference parameter may point to. */
  targets?: string[];
  /**
   * How the value is turned before it is indexed: `exists` gives true or false for what is there and not false,
   * `folded` lets it be found in any case (NFKC and case-folded, as names are compared).
   */
  transform?: 'exists' | 'folded';
  /** The code of a resource that has no value: what the absence of the element means. */
  default?: string;
  /** The parts of a composite: each a parameter relative to `paths`. */
  components?: SearchParameterDefinition[];
  /** The published definition of the parameter. */
  url?: string;
  description?: string;
}

/** A datatype or a resource type. */
export interface TypeDefinition {
  name: string;
  kind: 'datatype' | 'resource';
  /** The type whose elements and search parameters this one has too; they are merged in when it is loaded. */
  base?: string;
  /** Rules that hold between the elements: the id of each and what it demands, for people. */
  invariants?: Record<string, string>;
  /** In the order of the definition. */
  elements: Record<string, ElementDefinition>;
}

/** A type with a URL of its own. `id`, `meta`, `implicitRules`, `language`, … are declared like the rest. */
export interface ResourceDefinition extends TypeDefinition {
  kind: 'resource';
  search: Record<string, SearchParameterDefinition>;
  description?: string;
  /** Top-level elements that are write-only: hashed on the way in and kept apart from the resource. */
  secrets?: string[];
  /** Elements whose values are unique in a namespace, compared NFKC and case-folded; `id` may be among them. */
  unique?: { namespace: string; elements: string[] };
  /** True where the server alone makes resources of the type. */
  madeByServer?: boolean;
  /** True where a change of a resource changes what callers may do: nodes that remember access must hear of it. */
  governsAccess?: boolean;
}

/** What an extension may be: one of the core specification's, found by its URL, or a part of one, found by its name. */
export interface ExtensionDefinition {
  /** Where it may stand: `Patient`, `Patient.birthDate`, `HumanName`, `Element`; absent for the part of another. */
  context?: string[];
  /** What its `value[x]` may be; absent where it has parts instead. */
  value?: ElementDefinition;
  /** Its parts, by their URL within it. */
  parts?: Record<string, ExtensionDefinition>;
  /** 1 where the part is required. */
  min?: number;
  /** True where it may stand more than once at one place. */
  list?: boolean;
  /** True where it changes the meaning of what it stands on, so that it belongs in `modifierExtension`. */
  modifier?: boolean;
}
