/** Finds and replaces the links in a resource by its type definition (FHIR R4 §3.1.0.11.2). */
import type { ElementDefinition } from './definition.ts';
import { isObject, type Json, type JsonObject } from './json/value.ts';
import { childrenAt, elementOf } from './properties.ts';
import type { Registry } from './registry.ts';

/**
 * Returns the new text of a link, or undefined to keep it. `reference` is that of a Reference; `address` is a url or a
 * link in a narrative; `uri` may be a link or just a name, such as a system. Canonicals are kept, and so are uuid and
 * oid values, since no replacement has their form.
 */
export type ReplaceLink = (text: string, kind: 'reference' | 'address' | 'uri', place: string) => string | undefined;

type Elements = Record<string, ElementDefinition>;

/**
 * Returns the resource with its links replaced; `place` is FHIRPath and starts with the type. The contents of a Bundle
 * stay unchanged: their links lead to its own entries (https://hl7.org/fhir/R4/bundle.html#references), and it may be
 * signed.
 */
export function replaceLinks(registry: Registry, type: string, resource: JsonObject, replace: ReplaceLink): JsonObject {
  const elements = elementsOf(registry, type);
  return elements === undefined ? resource : new LinkWalk(registry, replace).members(resource, elements, type);
}

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
    if (type === 'uri') return this.#replace(text, 'uri', place) ?? text;
    if (type === 'url') return this.#replace(text, 'address', place) ?? text;
    if (type !== 'xhtml') return text;
    return text.replace(MARKUP_ADDRESS, (whole, before: string, double?: string, single?: string) => {
      const next = this.#replace(double ?? single ?? '', 'address', place);
      return next === undefined ? whole : `${before}"${next}"`;
    });
  }

  #elementsOf(value: JsonObject, { type, elements, sameAs }: ElementDefinition): Elements | undefined {
    if (elements !== undefined) return elements;
    if (sameAs !== undefined) return childrenAt(this.#registry, sameAs);
    if (type === 'Resource') return elementsOf(this.#registry, String(value['resourceType']));
    return type === undefined ? undefined : this.#registry.datatype(type)?.elements;
  }
}

/** Returns the elements of a type whose links may be replaced; undefined for a Bundle. */
function elementsOf(registry: Registry, type: string): Elements | undefined {
  return type === 'Bundle' ? undefined : registry.resource(type)?.elements;
}

/** Returns the element of a property; for `_birthDate` that of a primitive's sibling. */
function elementNamed(elements: Elements, name: string): ElementDefinition | undefined {
  return name.startsWith('_') ? SIBLING : elementOf(elements, name);
}
