/** What each kind of search finds, one value at a time and without an index (FHIR R4 §3.1.1.4). */
import type { Coding, Identifier, Reference } from 'fhir/r4.js';
import type { Ask } from './criterion.ts';
import { type Comparison, SAYS, type Stretch, stretchOf } from './dates.ts';

/** What a query is asked with. */
export interface Circumstances {
  /** The address of the server, without a trailing slash. */
  base: string;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface Kind<Value> {
  name: 'string' | 'token' | 'date' | 'reference' | 'uri';
  /** Whether a value is what is asked for. */
  says(ask: Ask, modifier: string | undefined, circumstances: Circumstances): (value: Value) => boolean;
  /** What a sort goes by; undefined where the standard gives the kind no order. */
  order?(value: Value): string | number;
}

export interface Text {
  exact: string;
  folded: string;
}

/** A coded value, an Identifier or anything else of a system and a code. */
export interface Token {
  system?: string | undefined;
  code?: string | undefined;
  /** What an Identifier's type says of it. */
  types?: Coding[] | undefined;
  /** A text of people, whose case says nothing. */
  caseless?: boolean;
}

/** What is compared of a text: neither case nor accents nor the amount of white space. */
export function textOf(exact: string): Text {
  const characters = [...exact.normalize('NFKD')].filter((character) => !/\p{M}/u.test(character));
  const folded = characters.map((character) => character.toUpperCase().toLowerCase()).join('');
  return { exact: exact.normalize('NFC'), folded: folded.split(/\s+/).filter(Boolean).join(' ').normalize('NFC') };
}

/** §3.1.1.4.8: the value starts with it, or has it within, or is it to the letter. */
export const string: Kind<Text> = {
  name: 'string',
  says({ parts: [text = ''] }, modifier) {
    const asked = textOf(text);
    if (modifier === 'exact') return ({ exact }) => exact === asked.exact;
    if (modifier === 'contains') return ({ folded }) => folded.includes(asked.folded);
    return ({ folded }) => folded.startsWith(asked.folded);
  },
  // A server may go by the start of a text.
  order: ({ folded }) => folded.slice(0, 499),
};

/** §3.1.1.4.10: `code`, `system|code`, `|code` where there is no system, `system|` for all of one; by case or not. */
export const token: Kind<Token> = {
  name: 'token',
  says({ parts }, modifier) {
    if (modifier === 'of-type') {
      const [system, type, value] = parts;
      return ({ types = [], code }) =>
        code === value && types.some((coding) => coding.system === system && coding.code === type);
    }
    const [first = '', second] = parts;
    if (second === '') return ({ system }) => system === first;
    const asked = second ?? first;
    const small = asked.toLowerCase();
    const isCode = ({ code, caseless }: Token) => (caseless ? code?.toLowerCase() === small : code === asked);
    if (second === undefined) return isCode;
    return (value) => isCode(value) && (value.system ?? '') === first;
  },
  order: ({ code = '', caseless }) => (caseless ? code.toLowerCase() : code),
};

export function identified({ system, value, type }: Identifier): Token {
  return { system, code: value, types: type?.coding };
}

/** §3.1.1.4.7. */
export const date: Kind<Stretch> = {
  name: 'date',
  says({ prefix, parts: [text = ''] }, _modifier, { now }) {
    const says = SAYS[(prefix || 'eq') as Comparison];
    const search = stretchOf(text);
    return (value) => says(search, value, now);
  },
  order: ({ first }) => first,
};

/** §3.1.1.4.12: an id or `Type/id` of this server, or an absolute address; `:identifier` is a token. */
export const reference: Kind<Reference> = {
  name: 'reference',
  says(ask, modifier, { base }) {
    const [text = ''] = ask.parts;
    if (modifier === 'identifier') {
      const says = token.says(ask, undefined, { base, now: 0 });
      return ({ identifier }) => identifier !== undefined && says(identified(identifier));
    }
    const asked = modifier !== undefined && !text.includes('/') ? `${modifier}/${text}` : text;
    if (asked.includes('/')) return (value) => target(value, base) === target({ reference: asked }, base);
    return (value) =>
      target(value, base)
        ?.split('/')
        .join(' ')
        .match(/^\w+ (\S+)$/)?.[1] === asked;
  },
};

/** `Type/id` for what is on this server, else the whole address; the version that it names aside. */
export function target({ reference }: Reference, base: string): string | undefined {
  const whole = reference?.replace(/\/_history\/.*$/, '');
  const own = [`${base}/fhir/`, `${base}/`].find((start) => whole?.startsWith(start));
  return own === undefined ? whole : whole?.slice(own.length);
}

/** §3.1.1.4.13: the very same; `:below` and `:above` by whole steps of the path. */
export const uri: Kind<string> = {
  name: 'uri',
  says({ parts: [text = ''] }, modifier) {
    if (modifier === 'below') return (value) => isWithin(value, text);
    if (modifier === 'above') return (value) => isWithin(text, value);
    return (value) => value === text;
  },
};

function isWithin(inner: string, outer: string): boolean {
  return inner === outer || inner.startsWith(outer.endsWith('/') ? outer : `${outer}/`);
}
