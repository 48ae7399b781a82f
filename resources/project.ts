import type { ElementDefinition, ResourceDefinition } from './definition.ts';
import type { Version } from './engine.ts';
import type { Issue } from './errors.ts';
import { readJson } from './json/read.ts';
import { renderJson } from './json/render.ts';
import { isObject, type Json, type JsonObject } from './json/value.ts';
import { elementOf, propertiesOf } from './properties.ts';
import type { Registry } from './registry.ts';

/** The requested part of a resource (FHIR R4 §3.1.1.5.8, §3.1.1.5.9). */
export interface Projection {
  elements: readonly string[] | undefined;
  summary: 'true' | 'false' | 'text' | 'data' | 'count';
}

const SUBSETTED = { system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' };

/** Kept in every projection: they identify the resource. */
const ALWAYS = ['resourceType', 'id', 'meta'];

/**
 * The only path from stored text to a response: returns the text itself or, for a projection, the requested part with
 * the tag SUBSETTED.
 */
export function projectText(registry: Registry, { type, text }: Version, projection: Projection): string {
  const definition = registry.get(type);
  const keep = definition && keeper(definition, projection);
  const resource = keep && text !== null ? readJson(text) : undefined;
  if (!keep || !isObject(resource)) return text ?? '';
  const kept: JsonObject = {};
  for (const [name, value] of Object.entries(resource)) {
    const part = keep(name, value);
    if (part !== undefined) kept[name] = part;
  }
  const meta = isObject(kept['meta']) ? kept['meta'] : {};
  const tags = Array.isArray(meta['tag']) ? meta['tag'] : [];
  return renderJson({ ...kept, meta: { ...meta, tag: [...tags, SUBSETTED] } });
}

/**
 * Refuses a subset where a whole resource is expected: the tag prevents clients from overwriting a resource with a part
 * of it by mistake (FHIR R4 §3.1.1.5.8).
 */
export function partIssues(type: string, { meta }: JsonObject): Issue[] {
  const tags = meta !== undefined && isObject(meta) && Array.isArray(meta['tag']) ? meta['tag'] : [];
  const isMark = (tag: Json) => isObject(tag) && tag['system'] === SUBSETTED.system && tag['code'] === SUBSETTED.code;
  const index = tags.findIndex(isMark);
  if (index === -1) return [];
  const expression = `${type}.meta.tag[${index}]`;
  const diagnostics = `${expression} marks the resource as incomplete (SUBSETTED): send it whole, without this tag`;
  return [{ severity: 'error', code: 'business-rule', diagnostics, expression: [expression] }];
}

/** Returns what to keep of a top-level element, or undefined to drop it. */
type Keep = (name: string, value: Json) => Json | undefined;

function keeper(definition: ResourceDefinition, { elements, summary }: Projection): Keep | undefined {
  const always = (name: string) => ALWAYS.includes(name) || elementOf(definition.elements, baseName(name))?.min === 1;
  const whole = (keeps: (name: string) => boolean): Keep => {
    return (name, value) => (always(name) || keeps(baseName(name)) ? value : undefined);
  };
  if (elements !== undefined) return whole((name) => elements.some((asked) => isNameOf(definition, asked, name)));
  if (summary === 'text') return whole((name) => name === 'text');
  if (summary === 'data') return whole((name) => name !== 'text');
  if (summary !== 'true') return undefined;
  return (name, value) => (ALWAYS.includes(name) ? value : summaryOf(definition.elements, name, value));
}

/**
 * Returns the part of an element that is in the summary: for a nested element, its summary children. Without any it is
 * left out, because FHIR JSON has no empty objects (R4 §2.6.2); a required element is then kept whole.
 */
function summaryOf(elements: Record<string, ElementDefinition>, name: string, value: Json): Json | undefined {
  const element = elementOf(elements, baseName(name));
  if (!element?.summary && element?.min !== 1) return undefined;
  const nested = element.elements;
  if (!nested) return value;
  const items = Array.isArray(value) ? value : [value];
  const parts = items.map((item) => nestedSummary(nested, item)).filter((part) => part !== undefined);
  const [first] = parts;
  if (first === undefined) return element.min === 1 ? value : undefined;
  return Array.isArray(value) ? parts : first;
}

function nestedSummary(elements: Record<string, ElementDefinition>, value: Json): Json | undefined {
  if (!isObject(value)) return value;
  const parts = Object.entries(value).map(([name, child]) => [name, summaryOf(elements, name, child)] as const);
  const kept = parts.filter((part): part is readonly [string, Json] => part[1] !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** `_birthDate` is kept with `birthDate`. */
function baseName(name: string): string {
  return name.startsWith('_') ? name.slice(1) : name;
}

function isNameOf({ elements }: ResourceDefinition, asked: string, name: string): boolean {
  const element = elements[asked];
  return element !== undefined && propertiesOf(asked, element).includes(name);
}
