import type { ElementDefinition, ResourceDefinition, TypeDefinition } from '../definition.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import { choiceKey } from '../properties.ts';
import type { Registry } from '../registry.ts';
import { constraintChecks, invariantChecks } from './constraints.ts';
import { resourceCheck } from './contained.ts';
import { complexMember, listCheck, type Member, type Place, primitiveCheck, primitiveMembers } from './elements.ts';
import { Extensions } from './extensions.ts';
import { idChecks } from './ids.ts';
import { type Choice, objectCheck, type Shape } from './object.ts';
import { openCheck } from './open.ts';
import { PRIMITIVES, primitiveKinds } from './primitives.ts';
import { checkLink, referenceCheck } from './references.ts';
import type { Check, Run } from './run.ts';
import { nullable, severalSecrets } from './secret.ts';

/** A place, and the type of its value. */
type TypedPlace = Place & { type: string | undefined };

type ObjectRule = (value: JsonObject, run: Run) => void;

const INSIDE_EXTENSION = ['Extension.extension', 'Extension', 'Element'];
/** Types whose values can refer to a contained resource by `#id`. */
const ADDRESSES = new Set(['uri', 'url', 'canonical']);

const noteFragment: Check = (value, run) => {
  if (typeof value === 'string' && value.startsWith('#')) run.container.use(value);
};

/** Compiles definitions to checks: each type once, on first use. */
export class Compiler {
  readonly #registry: Registry;
  readonly #extensions: Extensions;
  readonly #types = new Map<string, Check>();
  /** Nested elements by path, for those that reuse their content: the check of their children, and their invariants. */
  readonly #nested = new Map<string, { check: Check; rules: Check[] }>();
  readonly #rules: Record<string, ObjectRule>;
  /** The id that every element inherits; an `id` that a type declares itself follows its own rules. */
  readonly #elementId: ElementDefinition | undefined;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#extensions = new Extensions(registry);
    this.#elementId = registry.datatype('Element')?.elements['id'];
    this.#rules = { Reference: referenceCheck(registry), Link: checkLink };
  }

  /** Returns the check of a whole resource type. */
  resource(definition: ResourceDefinition): Check {
    return this.#type(definition.name, () => definition);
  }

  #type(name: string, find: () => TypeDefinition | undefined): Check {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    let compiled: Check | undefined;
    // A type may contain itself (Extension, Reference), so it is compiled when its first value is checked.
    const check: Check = (value, run) => {
      compiled ??= this.#compile(name, find());
      compiled(value, run);
    };
    this.#types.set(name, check);
    return check;
  }

  #datatype(name: string): Check {
    return this.#type(name, () => this.#registry.datatype(name));
  }

  #compile(name: string, definition: TypeDefinition | undefined): Check {
    if (definition === undefined) throw new Error(`There is no type ${name}`);
    const rule = this.#rules[name];
    const secrets = 'secrets' in definition ? (definition as ResourceDefinition).secrets : undefined;
    const shape = this.#shape(definition.elements, name, new Set(secrets));
    const further = invariantChecks(definition.invariants ?? {});
    if (rule !== undefined) further.push((value, run) => isObject(value) && rule(value, run));
    if (definition.kind === 'datatype') return objectCheck({ ...shape, further, beside: name === 'Element' });
    return inContexts([name, ...this.#ancestors(definition)], objectCheck({ ...shape, further, resourceType: name }));
  }

  #shape(elements: Record<string, ElementDefinition>, path: string, secrets = new Set<string>()): Shape {
    const members = new Map<string, Member>();
    const required: string[] = [];
    const choices: Choice[] = [];
    for (const [name, element] of Object.entries(elements)) {
      const isRequired = (element.min ?? 0) > 0;
      const inside = `${path}.${name}`;
      if (element.choice === undefined) {
        if (isRequired) required.push(name);
        this.#addMember(members, name, element, inside, { element: name, step: name, choice: 0, type: element.type });
        if (secrets.has(name)) this.#allowSecrets(members, name, element, inside);
        continue;
      }
      const choice = 1 << choices.length;
      choices.push({ name, bit: choice, required: isRequired });
      for (const type of element.choice) {
        const step = `${name}.ofType(${type})`;
        this.#addMember(members, choiceKey(name, type), element, inside, { element: name, step, choice, type });
      }
    }
    return { members, required, choices, further: [] };
  }

  /** Allows what only secrets may have: null, or a list if the definition allows several. */
  #allowSecrets(members: Map<string, Member>, name: string, element: ElementDefinition, path: string): void {
    const single = members.get(name);
    if (single === undefined) throw new Error('A secret must be an element of its type');
    const lists = new Map<string, Member>();
    const place = { element: name, step: name, choice: 0, type: element.type };
    this.#addMember(lists, name, { ...element, list: true }, path, place);
    const list = lists.get(name);
    const { several } = element;
    members.set(name, nullable(list && several !== undefined ? severalSecrets(single, list, several) : single));
  }

  /** Adds the member of a property and, for a primitive, that of its sibling. */
  #addMember(
    members: Map<string, Member>,
    key: string,
    element: ElementDefinition,
    path: string,
    typed: TypedPlace,
  ): void {
    const { type, ...place } = typed;
    const further = constraintChecks(element, this.#registry);
    const primitive = type === undefined ? undefined : PRIMITIVES[type];
    if (type !== undefined && primitive !== undefined) {
      if (ADDRESSES.has(type)) further.push(noteFragment);
      if (element === this.#elementId) further.push(...idChecks(path.slice(0, path.lastIndexOf('.'))));
      const beside = inContexts([path, ...primitiveKinds(type), 'Element'], this.#datatype('Element'));
      const checks = { value: primitiveCheck(primitive, further), sibling: beside };
      const { member, sibling } = primitiveMembers(place, key, element.list === true, checks);
      members.set(key, member).set(`_${key}`, sibling);
      return;
    }
    const single = sequence([this.#complex(element, type, path), ...further]);
    members.set(key, complexMember(place, element.list === true ? this.#list(single, type) : single));
  }

  #list(item: Check, type: string | undefined): Check {
    const list = listCheck(item);
    if (type !== 'Extension') return list;
    return (value, run) => {
      list(value, run);
      if (Array.isArray(value)) this.#extensions.checkRepeats(value, run);
    };
  }

  /** Compiles the check of one value of a non-primitive element. */
  #complex(element: ElementDefinition, type: string | undefined, path: string): Check {
    if (element.open === true) return openCheck;
    if (element.elements !== undefined) {
      const check = inContexts([path, element.base ?? '', 'Element'], objectCheck(this.#shape(element.elements, path)));
      this.#nested.set(path, { check, rules: invariantChecks(element.invariants ?? {}) });
      return check;
    }
    if (element.sameAs !== undefined) return this.#same(element.sameAs, element.invariants === undefined);
    if (type === 'Resource') return resourceCheck(this.#registry, (definition) => this.resource(definition));
    if (type === 'Extension') return this.#extension();
    if (type === undefined) throw new Error(`${path} has no type`);
    return inContexts([path, type, ...this.#ancestors(this.#registry.datatype(type))], this.#datatype(type));
  }

  /**
   * An element with the content of another also takes its invariants
   * (https://hl7.org/fhir/R4/elementdefinition-definitions.html, contentReference), unless it states its own, as those
   * of TestScript do.
   */
  #same(path: string, withRules: boolean): Check {
    let check: Check | undefined;
    return (value, run) => {
      if (check === undefined) {
        const nested = this.#nested.get(path);
        if (nested === undefined) throw new Error(`There is no element ${path}`);
        check = withRules ? sequence([nested.check, ...nested.rules]) : nested.check;
      }
      check(value, run);
    };
  }

  #extension(): Check {
    const structure = inContexts(INSIDE_EXTENSION, this.#datatype('Extension'));
    return (value, run) => {
      structure(value, run);
      if (isObject(value)) this.#extensions.check(value, run.contexts, run);
    };
  }

  /** Returns the types that a type inherits from: `DomainResource`, `Resource`, and `Element`, which stands for all. */
  #ancestors(definition: TypeDefinition | undefined): string[] {
    const base = definition?.base;
    if (base === undefined) return ['Element'];
    if (base === 'DomainResource') return [base, 'Resource', 'Element'];
    return [base, ...this.#ancestors(this.#registry.datatype(base))];
  }
}

/** Runs a check with `run.contexts` set to these names. */
function inContexts(contexts: readonly string[], check: Check): Check {
  return (value, run) => {
    const outer = run.contexts;
    run.contexts = contexts;
    check(value, run);
    run.contexts = outer;
  };
}

function sequence(checks: readonly Check[]): Check {
  const [only] = checks;
  if (checks.length === 1 && only !== undefined) return only;
  return (value: Json, run) => {
    for (const check of checks) check(value, run);
  };
}
