/** Resources inside resources: contained ones (dom-2 to dom-5), and those in a Bundle or Parameters. */
import type { ResourceDefinition } from '../definition.ts';
import { isObject, type JsonObject } from '../json/value.ts';
import type { Registry } from '../registry.ts';
import { Container } from './container.ts';
import type { Check, Run } from './run.ts';

/** Checks a resource of any known type. Contained resources share the fragment ids of the resource around them. */
export function resourceCheck(registry: Registry, compile: (definition: ResourceDefinition) => Check): Check {
  return (value, run) => {
    if (!isObject(value)) return run.report('structure', 'must be a resource: an object with a resourceType');
    const { resourceType } = value;
    if (resourceType === undefined) return run.report('required', 'is required', 'resourceType');
    const definition = typeof resourceType === 'string' ? registry.resource(resourceType) : undefined;
    if (definition === undefined) return run.report('structure', 'must be a resource type', 'resourceType');
    reportSecrets(value, definition, run);
    if (run.path[run.path.length - 2] === 'contained') checkInside(value, compile(definition), run);
    else checkContainer(value, compile(definition), run);
  };
}

/** Secrets are hashed only in the outer resource: nested ones would be stored and served in plain text. */
function reportSecrets(resource: JsonObject, { name, secrets = [] }: ResourceDefinition, run: Run): void {
  for (const secret of secrets) {
    if (resource[secret] === undefined) continue;
    run.report('business-rule', `is not allowed here: write it at the URL of the ${name} itself`, secret);
  }
}

/** Checks a resource that may contain others, and then its contained resources as a whole. */
export function checkContainer(resource: JsonObject, check: Check, run: Run): void {
  const outer = run.container;
  run.container = new Container(resource);
  checkAs(resource, check, run);
  const { contained } = resource;
  if (Array.isArray(contained)) {
    const root = run.expression();
    for (const index of run.container.unused(contained)) {
      const remedy = 'must be referenced by #id, or refer to the containing resource by # (dom-3)';
      run.reportAt(`${root}.contained[${index}]`, 'invariant', remedy);
    }
    for (const index of repeatedIds(contained)) {
      run.reportAt(`${root}.contained[${index}].id`, 'value', 'must not be the id of another contained resource');
    }
  }
  run.container = outer;
}

function checkAs(resource: JsonObject, check: Check, run: Run): void {
  const outer = run.resource;
  run.resource = resource;
  check(resource, run);
  run.resource = outer;
}

function checkInside(resource: JsonObject, check: Check, run: Run): void {
  const outer = run.container.inside;
  const at = run.path[run.path.length - 1];
  if (resource.contained !== undefined) {
    run.report('invariant', 'is not allowed: a contained resource cannot contain others (dom-2)', 'contained');
    return;
  }
  run.container.inside = typeof at === 'number' ? at : undefined;
  checkAs(resource, check, run);
  run.container.inside = outer;
  const { meta } = resource;
  if (!isObject(meta)) return;
  for (const name of ['versionId', 'lastUpdated']) {
    if (meta[name] !== undefined)
      run.report('invariant', 'is not allowed in a contained resource (dom-4)', `meta.${name}`);
  }
  if (meta.security !== undefined) {
    run.report('invariant', 'is not allowed in a contained resource (dom-5)', 'meta.security');
  }
}

function repeatedIds(contained: unknown[]): number[] {
  const seen = new Set<unknown>();
  return contained.flatMap((item, index) => {
    const id = typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined;
    const { size } = seen;
    return id !== undefined && seen.add(id).size === size ? [index] : [];
  });
}
