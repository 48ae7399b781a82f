/** Matches a request against a pattern of the same shape. */
import { equalJson } from '../../resources/json/equal.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { type PolicyEngine, PolicyError } from './engine.ts';
import { follow } from './path.ts';
import { compilePattern } from './pattern.ts';
import { OF_RESOURCE } from './request-object.ts';
import { every, opposite, some, type Verdict } from './verdict.ts';

/** Permits a request if every key of the pattern matches. */
export const matcho: PolicyEngine = {
  name: 'matcho',
  elements: ['matcho'],
  looksAtResource: ({ matcho: pattern }) => pattern !== undefined && looksAt('resource', pattern, true),
  compile(policy, place) {
    const pattern = policy['matcho'];
    if (!isObject(pattern)) throw new PolicyError(`${place}.matcho`, 'A matcho policy must have a pattern in matcho.');
    const match = compile(pattern, `${place}.matcho`);
    return (request) => {
      const seen = request();
      return match(seen, seen) === true;
    };
  },
};

/** Compares a value with a part of the pattern; `root` is the whole request. */
type Match = (value: Json | undefined, root: JsonObject) => Verdict;

function compile(pattern: Json, place: string): Match {
  if (typeof pattern === 'string') return compileText(pattern, place);
  if (Array.isArray(pattern)) return compileList(pattern, place);
  if (!isObject(pattern)) return (value) => value !== undefined && equalJson(value, pattern);
  const keys = Object.keys(pattern);
  // An empty pattern would match anything, which is hardly intended.
  if (keys.length === 0) throw new PolicyError(place, 'A pattern must not be empty.');
  const [first = ''] = keys;
  if (keys.some((key) => key.startsWith('$'))) {
    if (keys.length > 1) throw new PolicyError(place, `${first} must be the only key.`);
    return compileDirective(first, pattern[first] ?? null, `${place}.${first}`);
  }
  const members = keys.map((key) => [key, compileMember(key, pattern[key] ?? null, `${place}.${key}`)] as const);
  return (value, root) =>
    isObject(value) &&
    every(members, ([key, match]) => match(Object.hasOwn(value, key) ? value[key] : undefined, root, value));
}

/** Like Match, for a member of the object `parent`. */
type MatchMember = (value: Json | undefined, root: JsonObject, parent: JsonObject) => Verdict;

/**
 * A request may lack `resource`, `body`, `user`, or the resource in its `params`. Only `nil?` and `present?` ask for
 * presence. Any other pattern for a missing member is undefined, so that a negation does not turn it into a match. The
 * same holds for a text pattern on a repeated parameter, which is a list.
 */
function compileMember(key: string, pattern: Json, place: string): MatchMember {
  const match = compile(pattern, place);
  if (asksForPresence(pattern)) return match;
  const isNamed = key.startsWith(OF_RESOURCE);
  const isOfText = !mindsLists(pattern);
  return (value, root, parent) => {
    const isParameter = parent === root['params'];
    const lacks = value === undefined && (parent === root || (isNamed && isParameter));
    const repeats = isOfText && isParameter && Array.isArray(value);
    return lacks || repeats ? undefined : match(value, root);
  };
}

/** Returns true if a part of the pattern is about lists. */
function mindsLists(pattern: Json): boolean {
  if (!isObject(pattern)) return Array.isArray(pattern);
  return Object.entries(pattern).some(([key, part]) => {
    if (key === '$contains' || key === '$every') return true;
    return (key === '$enum' || key === '$one-of') && Array.isArray(part) ? part.some(mindsLists) : mindsLists(part);
  });
}

function asksForPresence(pattern: Json): boolean {
  if (isObject(pattern) && pattern['$not'] !== undefined) return asksForPresence(pattern['$not']);
  return pattern === 'nil?' || pattern === 'present?';
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
      throw new PolicyError(place, `The regular expression is not valid: ${messageOf(error)}.`);
    }
  }
  if (!text.startsWith('.')) return (value) => value === text;
  const path = text.slice(1).split('.');
  if (path.includes('')) throw new PolicyError(place, 'A path must be .name.name, without empty names.');
  return (value, root) => {
    const found = follow(root, path);
    if (found === undefined || found === null) return undefined;
    return value !== undefined && equalJson(value, found);
  };
}

/** Matches the first items of a list, one by one. */
function compileList(pattern: Json[], place: string): Match {
  if (pattern.length === 0) throw new PolicyError(place, 'A pattern must not be empty.');
  const items = pattern.map((item, at) => compile(item, `${place}[${at}]`));
  return (value, root) => Array.isArray(value) && every(items, (match, at) => match(value[at], root));
}

function compileDirective(name: string, argument: Json, place: string): Match {
  switch (name) {
    case '$not': {
      const match = compile(argument, place);
      return (value, root) => opposite(match(value, root));
    }
    case '$contains': {
      const match = compile(argument, place);
      return (value, root) => Array.isArray(value) && some(value, (item) => match(item, root));
    }
    case '$every': {
      const match = compile(argument, place);
      return (value, root) => Array.isArray(value) && value.length > 0 && every(value, (item) => match(item, root));
    }
    case '$enum':
    case '$one-of': {
      if (!Array.isArray(argument) || argument.length === 0)
        throw new PolicyError(place, `${name} must be a list with at least one item.`);
      const choices = argument.map((choice, at) => compile(choice, `${place}[${at}]`));
      return (value, root) => some(choices, (match) => match(value, root));
    }
    default:
      throw new PolicyError(place, `${name} is not supported: use $not, $enum, $one-of, $contains or $every.`);
  }
}

/** Returns true if a pattern looks at a member of the request, by its key or by a path from anywhere. */
function looksAt(member: string, pattern: Json, atRoot: boolean): boolean {
  if (typeof pattern === 'string') return pattern === `.${member}` || pattern.startsWith(`.${member}.`);
  if (Array.isArray(pattern)) return pattern.some((item) => looksAt(member, item, atRoot));
  if (!isObject(pattern)) return false;
  return Object.entries(pattern).some(
    ([key, part]) => (atRoot && key === member) || looksAt(member, part, atRoot && key.startsWith('$')),
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
