/** The links of a resource, found by its definition and replaced (FHIR R4 §3.1.0.11.2). */
import type { ElementDefinition } from './definition.ts';
import { isObject, type Json, type JsonObject } from './json/value.ts';
import { childrenAt, elementOf } from './properties.ts';
import type { Registry } from './registry.ts';

/**
 * What a link becomes; undefined leaves it. A `reference` is that of a Reference; an `address` is a url or what a
 * narrative points at; a `uri` may be one or a name, such as a system. A canonical is none (it stays), nor is a uuid
 * or an oid: nothing that could take its place has the form of one.
 */
export type ReplaceLink = (text: string, kind: 'reference' | 'address' | 'uri', place: string) => string | undefined;

type Elements = Record<string, ElementDefinition>;

/**
 * The same resource with other links; `place` is FHIRPath and starts with the type. What a Bundle holds stays as it is:
 * its links lead to its own entries (https://hl7.org/fhir/R4/bundle.html#references), and it may be signed.
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

/** The elements of a type whose links may be replaced. */
function elementsOf(registry: Registry, type: string): Elements | undefined {
  return type === 'Bundle' ? undefined : registry.resource(type)?.elements;
}

/** The element of a property; that of `_birthDate` is what stands beside a primitive. */
function elementNamed(elements: Elements, name: string): ElementDefinition | undefined {
  return name.startsWith('_') ? SIBLING : elementOf(elements, name);
}
