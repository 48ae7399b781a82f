import type { ElementDefinition, ResourceDefinition, TypeDefinition } from '../definition.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import type { Registry } from '../registry.ts';
import { constraintChecks, invariantChecks } from './constraints.ts';
import { resourceCheck } from './contained.ts';
import { complexMember, listCheck, type Member, primitiveCheck, primitiveMember } from './elements.ts';
import { choiceKey, Extensions } from './extensions.ts';
import { objectCheck, type Shape } from './object.ts';
import { openCheck } from './open.ts';
import { PRIMITIVES, primitiveKinds } from './primitives.ts';
import { checkLink, referenceCheck } from './references.ts';
import type { Check, Run } from './run.ts';

type ObjectRule = (value: JsonObject, run: Run) => void;

const INSIDE_EXTENSION = ['Extension.extension', 'Extension', 'Element'];
/** Types whose values may refer to a contained resource by `#id`. */
const ADDRESSES = new Set(['uri', 'url', 'canonical']);

const noteFragment: Check = (value, run) => {
  if (typeof value === 'string' && value.startsWith('#')) run.container.use(value);
};

/** Turns definitions into checks: each type once, when it is first met. */
export class Compiler {
  readonly #registry: Registry;
  readonly #extensions: Extensions;
  readonly #types = new Map<string, Check>();
  /** Nested elements that others have the children of, by their path. */
  readonly #nested = new Map<string, Check>();
  readonly #rules: Record<string, ObjectRule>;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#extensions = new Extensions(registry);
    this.#rules = { Reference: referenceCheck(registry), Link: checkLink };
  }

  /** A resource type as a whole. */
  resource(definition: ResourceDefinition): Check {
    return this.#type(definition.name, () => definition);
  }

  #type(name: string, find: () => TypeDefinition | undefined): Check {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    let compiled: Check | undefined;
    // A type may be made of itself (Extension, Reference), so it is compiled when the first value comes.
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
    if (definition.kind === 'datatype') return objectCheck({ ...shape, further });
    return inContexts([name, ...this.#ancestors(definition)], objectCheck({ ...shape, further, resourceType: name }));
  }

  #shape(elements: Record<string, ElementDefinition>, path: string, secrets = new Set<string>()): Shape {
    const members = new Map<string, Member>();
    const required: string[] = [];
    const choices: { name: string; bit: number; required: boolean }[] = [];
    for (const [name, element] of Object.entries(elements)) {
      if (element.choice === undefined) {
        if (element.min !== undefined && element.min > 0) required.push(name);
        this.#addMember(members, name, this.#member(element, element.type, `${path}.${name}`, name, name, 0));
        if (secrets.has(name)) members.set(name, nullable(members.get(name)));
        continue;
      }
      const bit = 1 << choices.length;
      choices.push({ name, bit, required: (element.min ?? 0) > 0 });
      for (const type of element.choice) {
        const step = `${name}.ofType(${type})`;
        this.#addMember(
          members,
          choiceKey(name, type),
          this.#member(element, type, `${path}.${name}`, name, step, bit),
        );
      }
    }
    return { members, required, choices, further: [] };
  }

  #addMember(
    members: Map<string, Member>,
    key: string,
    { member, hasSibling }: { member: Member; hasSibling: boolean },
  ): void {
    members.set(key, member);
    if (hasSibling) members.set(`_${key}`, member);
  }

  #member(
    element: ElementDefinition,
    type: string | undefined,
    path: string,
    name: string,
    step: string,
    choice: number,
  ): { member: Member; hasSibling: boolean } {
    const further = constraintChecks(element, this.#registry);
    const primitive = type === undefined ? undefined : PRIMITIVES[type];
    if (type !== undefined && primitive !== undefined) {
      if (ADDRESSES.has(type)) further.push(noteFragment);
      const sibling = inContexts([path, ...primitiveKinds(type), 'Element'], this.#datatype('Element'));
      const checks = { value: primitiveCheck(primitive, further), sibling };
      return { member: primitiveMember(name, step, choice, element.list === true, checks), hasSibling: true };
    }
    const single = sequence([this.#complex(element, type, path, name), ...further]);
    const check = element.list === true ? this.#list(single, type) : single;
    return { member: complexMember(name, step, choice, check), hasSibling: false };
  }

  #list(item: Check, type: string | undefined): Check {
    const list = listCheck(item);
    if (type !== 'Extension') return list;
    return (value, run) => {
      list(value, run);
      if (Array.isArray(value)) this.#extensions.checkRepeats(value, run);
    };
  }

  /** One value of an element that is not primitive. */
  #complex(element: ElementDefinition, type: string | undefined, path: string, name: string): Check {
    if (element.open === true) return openCheck;
    if (element.elements !== undefined) {
      const check = inContexts([path, element.base ?? '', 'Element'], objectCheck(this.#shape(element.elements, path)));
      this.#nested.set(path, check);
      return check;
    }
    if (element.sameAs !== undefined) return this.#same(element.sameAs);
    if (type === 'Resource') return resourceCheck(this.#registry, (definition) => this.resource(definition), name);
    if (type === 'Extension') return this.#extension();
    if (type === undefined) throw new Error(`${path} has no type`);
    return inContexts([path, type, ...this.#ancestors(this.#registry.datatype(type))], this.#datatype(type));
  }

  #same(path: string): Check {
    let check: Check | undefined;
    return (value, run) => {
      check ??= this.#nested.get(path);
      check?.(value, run);
    };
  }

  #extension(): Check {
    const structure = inContexts(INSIDE_EXTENSION, this.#datatype('Extension'));
    return (value, run) => {
      const before = run.issues.length;
      structure(value, run);
      if (run.issues.length === before && isObject(value)) this.#extensions.check(value, run.contexts, run);
    };
  }

  /** The types that a type is a kind of: `DomainResource`, `Resource`, and `Element`, which stands for all. */
  #ancestors(definition: TypeDefinition | undefined): string[] {
    const base = definition?.base;
    if (base === undefined) return ['Element'];
    if (base === 'DomainResource') return [base, 'Resource', 'Element'];
    return [base, ...this.#ancestors(this.#registry.datatype(base))];
  }
}

/** A check during which the run stands at a place of other names. */
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
    const before = run.issues.length;
    for (const check of checks) if (run.issues.length === before) check(value, run);
  };
}

/** A secret may be null: that removes it. */
function nullable(member: Member | undefined): Member {
  if (member === undefined) throw new Error('A secret must be an element of its type');
  return {
    ...member,
    check: (object, key, run) => (object[key] === null ? undefined : member.check(object, key, run)),
  };
}
