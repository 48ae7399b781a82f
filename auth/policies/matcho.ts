/** Matches a request with a pattern that has its shape. */
import { equalJson } from '../../resources/json/equal.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { type PolicyEngine, PolicyError } from './engine.ts';
import { compilePattern } from './pattern.ts';

/** Says yes when every key of the pattern matches. */
export const matcho: PolicyEngine = {
  name: 'matcho',
  compile(policy, place) {
    const pattern = policy['matcho'];
    if (!isObject(pattern)) throw new PolicyError(`${place}.matcho`, 'A matcho policy needs a pattern in matcho.');
    const match = compile(pattern, `${place}.matcho`);
    return (request) => {
      const seen = request();
      return match(seen, seen);
    };
  },
};

/** Compares a value with a part of the pattern; `root` is the whole request. */
type Match = (value: Json | undefined, root: JsonObject) => boolean;

function compile(pattern: Json, place: string): Match {
  if (typeof pattern === 'string') return compileText(pattern, place);
  if (Array.isArray(pattern)) return compileList(pattern, place);
  if (!isObject(pattern)) return (value) => value !== undefined && equalJson(value, pattern);
  const keys = Object.keys(pattern);
  // An empty pattern would match anything: whoever wrote it did not mean that.
  if (keys.length === 0) throw new PolicyError(place, 'A pattern must not be empty.');
  const [first = ''] = keys;
  if (keys.some((key) => key.startsWith('$'))) {
    if (keys.length > 1) throw new PolicyError(place, `${first} must stand alone.`);
    return compileDirective(first, pattern[first] ?? null, `${place}.${first}`);
  }
  const members = keys.map((key) => [key, compile(pattern[key] ?? null, `${place}.${key}`)] as const);
  return (value, root) =>
    isObject(value) && members.every(([key, match]) => match(Object.hasOwn(value, key) ? value[key] : undefined, root));
}

const WORDS: ReadonlyMap<string, Match> = new Map([
  ['present?', (value) => value !== undefined && value !== null],
  ['nil?', (value) => value === undefined || value === null],
  ['not-blank?', (value) => typeof value === 'string' && value.trim() !== ''],
]);

function compileText(text: string, place: string): Match {
  const word = WORDS.get(text);
  if (word) return word;
  if (text.startsWith('#')) {
    try {
      const pattern = compilePattern(text.slice(1));
      return (value) => typeof value === 'string' && pattern.matches(value);
    } catch (error) {
      throw new PolicyError(place, `The regular expression cannot be used: ${messageOf(error)}.`);
    }
  }
  if (!text.startsWith('.')) return (value) => value === text;
  const path = text.slice(1).split('.');
  if (path.includes('')) throw new PolicyError(place, 'A path is written .name.name, without empty steps.');
  return (value, root) => {
    const found = follow(root, path);
    return value !== undefined && found !== undefined && found !== null && equalJson(value, found);
  };
}

/** The first members of a list must match, one by one. */
function compileList(pattern: Json[], place: string): Match {
  if (pattern.length === 0) throw new PolicyError(place, 'A pattern must not be empty.');
  const items = pattern.map((item, at) => compile(item, `${place}[${at}]`));
  return (value, root) => Array.isArray(value) && items.every((match, at) => match(value[at], root));
}

function compileDirective(name: string, argument: Json, place: string): Match {
  switch (name) {
    case '$not': {
      const match = compile(argument, place);
      return (value, root) => !match(value, root);
    }
    case '$contains': {
      const match = compile(argument, place);
      return (value, root) => Array.isArray(value) && value.some((item) => match(item, root));
    }
    case '$every': {
      const match = compile(argument, place);
      return (value, root) => Array.isArray(value) && value.length > 0 && value.every((item) => match(item, root));
    }
    case '$enum':
    case '$one-of': {
      if (!Array.isArray(argument) || argument.length === 0) throw new PolicyError(place, `${name} needs a list.`);
      const choices = argument.map((choice, at) => compile(choice, `${place}[${at}]`));
      return (value, root) => choices.some((match) => match(value, root));
    }
    default:
      throw new PolicyError(place, `There is no ${name}: use $not, $enum, $one-of, $contains or $every.`);
  }
}

/** The value at a path of names and indices. */
function follow(root: JsonObject, path: string[]): Json | undefined {
  let value: Json | undefined = root;
  for (const step of path) {
    if (Array.isArray(value) && /^\d{1,6}$/.test(step)) value = value[Number(step)];
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
