/** The links of a resource, found by its definition and replaced (FHIR R4 §3.1.0.11.2). */
import type { ElementDefinition } from './definition.ts';
import { isObject, type Json, type JsonObject } from './json/value.ts';
import type { Registry } from './registry.ts';

/**
 * What a link becomes; undefined leaves it. A `reference` is that of a Reference; an `address` is a uri, a url or what
 * a narrative points at. A canonical is neither (it stays), nor is a uuid or an oid: nothing that could take its place
 * has the form of one.
 */
export type ReplaceLink = (text: string, kind: 'reference' | 'address', place: string) => string | undefined;

type Elements = Record<string, ElementDefinition>;

/** The same resource with other links; `place` is FHIRPath and starts with the type. */
export function replaceLinks(registry: Registry, type: string, resource: JsonObject, replace: ReplaceLink): JsonObject {
  const elements = registry.resource(type)?.elements;
  return elements === undefined ? resource : new LinkWalk(registry, replace).members(resource, elements, type);
}

const ADDRESSES = new Set(['uri', 'url']);
const POINTERS = new Set(['Reference', 'Link']);
const MARKUP_ADDRESS = /(\s(?:href|src)\s*=\s*)(?:"([^"<]*)"|'([^'<]*)')/g;
const SIBLING: ElementDefinition = { type: 'Element' };

class LinkWalk {
  readonly #registry: Registry;
  readonly #replace: ReplaceLink;

  constructor(registry: Registry, replace: ReplaceLink) {
    this.#registry = registry;
    this.#replace = replace;
  }

  members(object: JsonObject, elements: Elements, place: string): JsonObject {
    const members = Object.entries(object).map(([name, value]): [string, Json] => {
      const element = elementNamed(elements, name);
      return [name, element === undefined ? value : this.#value(value, element, `${place}.${name}`)];
    });
    return Object.fromEntries(members);
  }

  #value(value: Json, element: ElementDefinition, place: string): Json {
    if (Array.isArray(value)) return value.map((item, index) => this.#value(item, element, `${place}[${index}]`));
    const { type = '' } = element;
    if (typeof value === 'string') return this.#text(value, type, place);
    if (!isObject(value)) return value;
    const elements = this.#elementsOf(value, element);
    if (elements === undefined) return value;
    const changed = this.members(value, elements, place);
    const { reference } = changed;
    if (!POINTERS.has(type) || typeof reference !== 'string') return changed;
    return { ...changed, reference: this.#replace(reference, 'reference', `${place}.reference`) ?? reference };
  }

  #text(text: string, type: string, place: string): string {
    if (ADDRESSES.has(type)) return this.#replace(text, 'address', place) ?? text;
    if (type !== 'xhtml') return text;
    return text.replace(MARKUP_ADDRESS, (whole, before: string, double?: string, single?: string) => {
      const next = this.#replace(double ?? single ?? '', 'address', place);
      return next === undefined ? whole : `${before}"${next}"`;
    });
  }

  #elementsOf(value: JsonObject, { type, elements, sameAs }: ElementDefinition): Elements | undefined {
    if (elements !== undefined) return elements;
    if (sameAs !== undefined) return this.#nested(sameAs);
    if (type === 'Resource') return this.#registry.resource(String(value['resourceType']))?.elements;
    return type === undefined ? undefined : this.#registry.datatype(type)?.elements;
  }

  /** The children of a nested element given by its path from the type (`Questionnaire.item`). */
  #nested(path: string): Elements | undefined {
    const [type = '', ...names] = path.split('.');
    let elements = (this.#registry.resource(type) ?? this.#registry.datatype(type))?.elements;
    for (const name of names) elements = elements?.[name]?.elements;
    return elements;
  }
}

/** The element of a property: that of `value` for `valueUri`, and what stands beside a primitive for `_birthDate`. */
function elementNamed(elements: Elements, name: string): ElementDefinition | undefined {
  if (name.startsWith('_')) return SIBLING;
  if (Object.hasOwn(elements, name)) return elements[name];
  for (const [base, { choice, ...element }] of Object.entries(elements)) {
    if (choice === undefined || !name.startsWith(base)) continue;
    const type = choice.find((each) => name === base + each.charAt(0).toUpperCase() + each.slice(1));
    if (type !== undefined) return { ...element, type };
  }
  return undefined;
}
