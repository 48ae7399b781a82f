/** Extensions (https://hl7.org/fhir/R4/extensibility.html), and the definitions of those in the core specification. */
import type { ElementDefinition, ExtensionDefinition } from '../definition.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import { choiceKey } from '../properties.ts';
import type { Registry } from '../registry.ts';
import { constraintChecks } from './constraints.ts';
import type { Check, Run } from './run.ts';

const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\S/;

/** A compiled extension of the core specification. */
interface Rules {
  definition: ExtensionDefinition;
  contexts: ReadonlySet<string>;
  /** The allowed value properties, and the further checks of the value. */
  values: ReadonlySet<string>;
  further: readonly Check[];
  parts: ReadonlyMap<string, Rules>;
}

/** Checks well-formed extensions against the definitions of a registry. */
export class Extensions {
  readonly #registry: Registry;
  readonly #rules = new Map<string, Rules | undefined>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** Checks one extension at a place that has the names `contexts` in the definitions. */
  check(value: JsonObject, contexts: readonly string[], run: Run): void {
    const { url } = value;
    const valueKey = keyOfValue(value);
    if ((valueKey !== undefined) === (value.extension !== undefined)) {
      run.report('invariant', 'must have either a value or extensions of its own, not both (ext-1)');
    }
    if (typeof url !== 'string') return;
    const isPart = contexts[0] === 'Extension.extension';
    if (!isPart && !ABSOLUTE.test(url)) run.report('extension', 'must be an absolute URL', 'url');
    const rules = this.#rulesOf(url);
    if (rules === undefined) return;
    if (!contexts.some((context) => rules.contexts.has(context))) {
      run.report('extension', `is allowed only on ${[...rules.contexts].join(', ')}`);
    }
    const isModifier = run.path[run.path.length - 2] === 'modifierExtension';
    if (isModifier !== (rules.definition.modifier === true)) {
      run.report('extension', `belongs in ${isModifier ? 'extension' : 'modifierExtension'}`);
    }
    checkRules(value, valueKey, rules, run);
  }

  /** Checks that no extension occurs more often at a place than allowed. */
  checkRepeats(values: Json[], run: Run): void {
    if (values.length < 2) return;
    const seen = new Set<string>();
    for (const value of values) {
      const url = isObject(value) && typeof value.url === 'string' ? value.url : '';
      if (seen.has(url) && this.#rulesOf(url)?.definition.list === undefined && this.#rulesOf(url) !== undefined) {
        run.report('extension', `must not have the extension ${url} more than once`);
      }
      seen.add(url);
    }
  }

  #rulesOf(url: string): Rules | undefined {
    if (!url.startsWith('http://hl7.org/fhir/')) return undefined;
    let rules = this.#rules.get(url);
    if (rules === undefined) {
      const definition = this.#registry.extension(url);
      if (definition === undefined) return undefined;
      rules = this.#compile(definition);
      this.#rules.set(url, rules);
    }
    return rules;
  }

  #compile(definition: ExtensionDefinition): Rules {
    const { value, parts = {}, context = [] } = definition;
    return {
      definition,
      contexts: new Set(context),
      values: new Set((value?.choice ?? []).map((type) => choiceKey('value', type))),
      further: value === undefined ? [] : constraintChecks(beyondType(value), this.#registry),
      parts: new Map(Object.entries(parts).map(([name, part]) => [name, this.#compile(part)])),
    };
  }
}

function beyondType({ choice: _choice, min: _min, ...rest }: ElementDefinition): ElementDefinition {
  return rest;
}

function keyOfValue(value: JsonObject): string | undefined {
  return Object.keys(value).find((key) => key.startsWith('value') || key.startsWith('_value'));
}

function checkRules(value: JsonObject, valueKey: string | undefined, rules: Rules, run: Run): void {
  const key = valueKey?.replace(/^_/, '');
  if (key !== undefined && !rules.values.has(key)) {
    run.report('extension', `must have ${remedy(rules)}, not ${key}`);
  } else if (key === undefined && rules.parts.size === 0 && value.extension !== undefined) {
    run.report('extension', `must have ${remedy(rules)}, not extensions of its own`);
  } else if (key !== undefined) {
    run.path.push(`value.ofType(${typeOf(key, rules)})`);
    for (const check of rules.further) check(value[key] ?? null, run);
    run.path.pop();
  }
  if (Array.isArray(value.extension) && rules.parts.size > 0) checkParts(value.extension, rules, run);
}

function checkParts(parts: Json[], rules: Rules, run: Run): void {
  const seen = new Set<string>();
  parts.forEach((part, index) => {
    const url = isObject(part) && typeof part.url === 'string' ? part.url : '';
    const known = rules.parts.get(url);
    run.path.push('extension', index);
    if (known === undefined && !ABSOLUTE.test(url)) {
      run.report('extension', `must be one of ${[...rules.parts.keys()].join(', ')}`, 'url');
    } else if (known !== undefined && isObject(part)) {
      if (seen.has(url) && known.definition.list !== true)
        run.report('extension', `must not be repeated: there is another ${url}`);
      checkRules(part, keyOfValue(part), known, run);
    }
    run.path.length -= 2;
    seen.add(url);
  });
  for (const [url, { definition }] of rules.parts) {
    if (definition.min === 1 && !seen.has(url)) run.report('extension', `must have the extension ${url}`);
  }
}

function remedy({ values }: Rules): string {
  return values.size === 0 ? 'extensions of its own' : [...values].join(' or ');
}

function typeOf(key: string, { definition }: Rules): string {
  return definition.value?.choice?.find((type) => choiceKey('value', type) === key) ?? key.slice('value'.length);
}
