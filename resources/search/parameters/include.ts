import { Failure } from '../../errors.ts';
import type { Definitions } from '../index/paths.ts';
import type { Include } from '../plan.ts';
import { parameterOf, typeNamed } from './criteria.ts';

/**
 * Parses the value of `_include` or `_revinclude`: `Type:parameter`, `Type:parameter:Target`, `Type:*` or `*` (FHIR R4
 * §3.1.1.5.4). Throws `parameter` and `unknown-parameter` Failures.
 */
export function parseInclude(
  definitions: Definitions,
  value: string,
  name: '_include' | '_revinclude',
  iterate = false,
): Include {
  const reverse = name === '_revinclude';
  if (value === '*') return { reverse, iterate, source: undefined, parameter: undefined, target: undefined };
  const [source = '', code = '', target, ...more] = value.split(':');
  if (source === '' || code === '' || more.length > 0) {
    throw new Failure('parameter', `${name} must be Type:parameter, Type:parameter:Target, Type:* or *.`);
  }
  const type = typeNamed(definitions, source);
  if (target !== undefined) typeNamed(definitions, target);
  if (code === '*') return { reverse, iterate, source, parameter: undefined, target };
  if (parameterOf(type, code).definition.kind !== 'reference') {
    throw new Failure('parameter', `${name}: ${code} is not a reference parameter.`);
  }
  return { reverse, iterate, source, parameter: code, target };
}
