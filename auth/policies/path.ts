import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';

/** Returns the value at a path of names and indices; undefined if there is none. */
export function follow(root: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) {
    if (Array.isArray(value) && /^\d{1,6}$/.test(step)) value = value[Number(step)];
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}
