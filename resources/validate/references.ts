/** A literal reference between resources (https://hl7.org/fhir/R4/references.html#literal). */
import type { ElementDefinition } from '../definition.ts';
import { isObject, type Json, type JsonObject } from '../json/value.ts';
import type { Registry } from '../registry.ts';
import { isId, isUri } from './primitives.ts';
import type { Check, Run } from './run.ts';

export interface ParsedLiteral {
  kind: 'relative' | 'absolute' | 'fragment' | 'conditional';
  /** The type and id at its end, if it has them. */
  type?: string;
  id?: string;
}

const RELATIVE = /^([A-Z][A-Za-z]*)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/;
const TAIL = /\/([A-Z][A-Za-z]{1,63}\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?)$/;
const CONDITIONAL = /^([A-Z][A-Za-z]*)\?\S+$/;
const FRAGMENT = /^#[A-Za-z0-9.-]{0,64}$/;
/** Maximum length of `Type/id/_history/id` at the end of a URL: only so much of it is searched. */
const LONGEST_TAIL = 210;

/** Parses a literal reference; undefined if it is not one. */
export function parseLiteral(text: string): ParsedLiteral | undefined {
  const relative = typeAndId(text);
  if (relative !== undefined) return { kind: 'relative', ...relative };
  if (FRAGMENT.test(text)) return { kind: 'fragment', id: text.slice(1) };
  if (SCHEME.test(text) && isUri(text)) {
    return { kind: 'absolute', ...typeAndId(TAIL.exec(text.slice(-LONGEST_TAIL))?.[1] ?? '') };
  }
  const [, type] = CONDITIONAL.exec(text) ?? [];
  return type === undefined ? undefined : { kind: 'conditional', type };
}

function typeAndId(text: string): { type: string; id: string } | undefined {
  const [, type = '', id = ''] = RELATIVE.exec(text) ?? [];
  return isId(id) ? { type, id } : undefined;
}

const FORMS = 'Type/id, an absolute URL, a urn: or #id';

/**
 * Returns the check of every Reference: `reference` is well-formed, names a known type and, if it starts with `#`, a
 * contained resource.
 */
export function referenceCheck(registry: Registry): (value: JsonObject, run: Run) => void {
  const isType = (name: string) => registry.resource(name) !== undefined;
  return ({ reference, type }, run) => {
    if (typeof reference === 'string') checkLiteral(reference, type, isType, run);
    if (typeof type === 'string' && /^[A-Z][A-Za-z]*$/.test(type) && !isType(type)) {
      run.report('value', 'must be a resource type', 'type');
    }
  };
}

function checkLiteral(text: string, declared: Json | undefined, isType: (name: string) => boolean, run: Run): void {
  const parsed = parseLiteral(text);
  if (parsed === undefined || (parsed.kind === 'conditional' && run.path[0] !== 'Bundle')) {
    run.report('value', `must be ${FORMS}`, 'reference');
    return;
  }
  const { kind, type } = parsed;
  if (kind === 'fragment' && !run.container.use(text)) {
    run.report('invariant', 'must refer to a contained resource of this one (ref-1)', 'reference');
  } else if (kind !== 'absolute' && type !== undefined && !isType(type)) {
    run.report('value', `has an unknown resource type: use ${FORMS}`, 'reference');
  } else if (kind === 'relative' && typeof declared === 'string' && declared !== type) {
    run.report('value', 'must match the type in the reference', 'type');
  }
}

/** Checks a Link: its reference must be `Type/id`. */
export function checkLink({ reference }: JsonObject, run: Run): void {
  if (typeof reference === 'string' && typeAndId(reference) === undefined)
    run.report('value', 'must be Type/id', 'reference');
}

/** Returns a check that a Reference or Link points at one of its target types, as far as it tells its type. */
export function targetCheck({ type: kind, targets = [] }: ElementDefinition, registry: Registry): Check {
  const allowed = new Set(targets);
  const remedy = `must refer to ${targets.join(', ')}`;
  const isOther = (type: Json | undefined): type is string => typeof type === 'string' && !allowed.has(type);
  return (value, run) => {
    if (!isObject(value)) return;
    if (isOther(value.resourceType)) run.report('value', remedy, 'resourceType');
    const parsed = typeof value.reference === 'string' ? parseLiteral(value.reference) : undefined;
    const named = isOther(value.type) && registry.resource(value.type) !== undefined;
    // If the reference names a type itself, the two have to agree, which is checked elsewhere.
    if (named && parsed?.kind !== 'relative') run.report('value', remedy, 'type');
    const type = parsed?.kind === 'fragment' ? run.container.typeOf(parsed.id ?? '') : parsed?.type;
    // An unknown type in a Reference is reported by the datatype's own check; a Link may name other things.
    const isKnown = kind === 'Link' || (type !== undefined && registry.resource(type) !== undefined);
    if (isKnown && isOther(type)) run.report('value', remedy, 'reference');
  };
}
