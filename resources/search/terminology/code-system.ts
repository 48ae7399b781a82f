/** The content of a CodeSystem (https://hl7.org/fhir/R4/codesystem.html). */
import { isObject, type Json, type JsonObject } from '../../json/value.ts';
import { BadValue } from '../kinds/kind.ts';
import { quoted } from '../parameters/values.ts';

export type Towards = 'above' | 'below';

/** Properties that name the parents or children of a concept: by the standard's URI, or by their usual code. */
const ROLES: Record<string, Towards> = { parent: 'above', subsumedBy: 'above', child: 'below' };
const STANDARD = 'http://hl7.org/fhir/concept-properties#';

/** Values that every concept has without declaring a property. */
const OWN: Record<string, (concept: JsonObject) => Json | undefined> = {
  code: ({ code }) => code,
  concept: ({ code }) => code,
  display: ({ display }) => display,
};

/** The concepts of a completely stored code system. */
export class CodeSystem {
  readonly #name: string;
  readonly #meaning: string;
  readonly #concepts = new Map<string, JsonObject>();
  #size = 0;
  /** The direct parents and children of each code. */
  readonly #next: Record<Towards, Map<string, Set<string>>> = { above: new Map(), below: new Map() };
  /** The declared properties with their URIs, if any. */
  readonly #properties: Map<string, Json | undefined>;

  /** Throws BadValue if the resource does not hold all concepts of its system. */
  constructor(resource: JsonObject) {
    const { url, content, hierarchyMeaning, concept, property } = resource;
    this.#name = `the code system ${quoted(String(url))}`;
    this.#meaning = typeof hierarchyMeaning === 'string' ? hierarchyMeaning : 'is-a';
    if (content !== 'complete')
      throw new BadValue(`store ${this.#name} completely: its content is ${String(content)}, not complete`);
    this.#properties = new Map(objects(property).map(({ code, uri }) => [String(code), uri]));
    const waiting = objects(concept);
    for (const each of waiting) {
      const nested = objects(each['concept']);
      for (const below of nested) this.#link(String(each['code']), String(below['code']));
      waiting.push(...nested);
      this.#concepts.set(String(each['code']), each);
      const properties = propertiesOf(each);
      this.#size += 1 + properties.length;
      for (const { code, value } of properties) {
        const towards = this.#roleOf(code);
        if (towards === 'above') this.#link(value, String(each['code']));
        if (towards === 'below') this.#link(String(each['code']), value);
      }
    }
  }

  /** The number of concepts and of their properties. */
  get size(): number {
    return this.#size;
  }

  /**
   * Returns the codes of all concepts except abstract ones (`notSelectable`).
   * @param inactive whether to include inactive concepts
   */
  codes(inactive: boolean): string[] {
    const left = inactive ? ['notSelectable'] : ['notSelectable', 'inactive'];
    return [...this.#concepts]
      .filter(([, each]) => !left.some((name) => this.#isMarked(each, name)))
      .map(([code]) => code);
  }

  /** Throws BadValue if the system has no such code. */
  demand(code: string): void {
    if (!this.#concepts.has(code)) throw new BadValue(`${quoted(code)} is not a code of ${this.#name}`);
  }

  /**
   * Returns a code with everything that it subsumes (below) or that subsumes it (above), over all paths; an unknown
   * code is returned alone. Throws BadValue if the meaning of the hierarchy is not is-a.
   */
  line(code: string, towards: Towards): Set<string> {
    if (this.#meaning !== 'is-a') {
      throw new BadValue(`the hierarchy of ${this.#name} cannot be used: its meaning is ${this.#meaning}, not is-a`);
    }
    const line = new Set([code]);
    // Iterating over a Set also visits what is added meanwhile, and each code only once.
    for (const each of line) for (const next of this.#next[towards].get(each) ?? []) line.add(next);
    return line;
  }

  /** Returns the values of a property of a code as texts. Throws BadValue for an undeclared property. */
  values(code: string, property: string): string[] {
    const towards = this.#roleOf(property);
    if (towards !== undefined) return [...(this.#next[towards].get(code) ?? [])];
    const concept = this.#concepts.get(code) ?? {};
    const own = Object.hasOwn(OWN, property) ? OWN[property] : undefined;
    if (own !== undefined) return [own(concept)].filter((value) => typeof value === 'string');
    if (!this.#properties.has(property)) throw new BadValue(`${quoted(property)} is not a property of ${this.#name}`);
    return propertiesOf(concept).flatMap((each) => (each.code === property ? [each.value] : []));
  }

  #link(above: string, below: string): void {
    const { above: ups, below: downs } = this.#next;
    ups.set(below, (ups.get(below) ?? new Set()).add(above));
    downs.set(above, (downs.get(above) ?? new Set()).add(below));
  }

  /** The URI of a declared property decides; without a URI of the standard, its code does. */
  #roleOf(property: string): Towards | undefined {
    const name = this.#standardName(property);
    return Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
  }

  #standardName(property: string): string {
    const uri = this.#properties.get(property);
    return typeof uri === 'string' && uri.startsWith(STANDARD) ? uri.slice(STANDARD.length) : property;
  }

  #isMarked(concept: JsonObject, name: string): boolean {
    return propertiesOf(concept).some(({ code, value }) => value === 'true' && this.#standardName(code) === name);
  }
}

/** Returns the properties of a concept; the value of a Coding is its code. */
function propertiesOf(concept: JsonObject): { code: string; value: string }[] {
  return objects(concept['property']).flatMap(({ code, ...rest }) => {
    const value = Object.entries(rest).find(([name]) => name.startsWith('value'))?.[1];
    const text = isObject(value) ? value['code'] : value;
    return text === undefined ? [] : [{ code: String(code), value: String(text) }];
  });
}

/** Returns the objects of a list. */
export function objects(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
