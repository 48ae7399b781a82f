import type { Issue } from '../errors.ts';
import type { JsonObject } from '../json/value.ts';
import type { Registry } from '../registry.ts';
import { Compiler } from './compile.ts';
import { checkContainer } from './contained.ts';
import { Run } from './run.ts';

/** Validates resources against the definitions of a registry. */
export interface Validator {
  /**
   * Returns all issues of a resource of a served type; empty if it is valid. A missing `resourceType` is taken to be
   * `type`. An issue gives its place as FHIRPath with indices (https://hl7.org/fhir/R4/operationoutcome.html) and never
   * repeats a value. Throws if the registry has no such type.
   */
  validate(type: string, resource: JsonObject): Issue[];
}

/** Creates a validator that compiles types on first use (https://hl7.org/fhir/R4/validation.html). */
export function createValidator(registry: Registry): Validator {
  const compiler = new Compiler(registry);
  return {
    validate(type, resource) {
      const definition = registry.resource(type);
      if (definition === undefined) throw new Error(`There is no type ${type} to validate by`);
      const run = new Run(type);
      checkContainer(resource, compiler.resource(definition), run);
      return run.issues;
    },
  };
}
