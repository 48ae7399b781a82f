import {
  constructFromEvents,
  DEFAULT_SCALAR_STYLE_RULES,
  dump,
  EVENT_ID,
  parseEvents,
  SCALAR_STYLE,
  type ScalarStyleRule,
  YAMLException,
} from 'js-yaml';
import type { Failure } from '../../resources/errors.ts';
import { malformed, placeOf } from '../../resources/json/place.ts';
import { MAX_DEPTH, tooMuch } from '../../resources/json/read.ts';
import type { Json } from '../../resources/json/value.ts';
import { READ_SCHEMA, Refused, WRITE_SCHEMA } from './yaml-schema.ts';

/** js-yaml's messages about its own options, reworded for readers who see only the document. */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['aliases exceeded maxAliases (0)', 'aliases are not allowed: write the value out'],
  [`nesting exceeded maxDepth (${MAX_DEPTH})`, `nested more than ${MAX_DEPTH} deep`],
  ['duplicated mapping key', 'duplicate key'],
]);

/**
 * Parses one YAML document (YAML 1.2.2, the JSON-compatible core schema). Dates stay strings and numbers keep their
 * digits. Throws `malformed` with line and column for a syntax error, and for what JSON does not have or attacks on
 * parsers use: aliases, merge keys, other tags, duplicate or non-string keys, several documents. Throws `too-large` for
 * a document that surely has more than `values` values.
 */
export function readYaml(text: string, values = Number.POSITIVE_INFINITY): Json {
  const value = construct(text, values);
  if (value instanceof Refused) throw malformed('YAML', value.reason, placeOf(text, 0));
  // The schema constructs nothing but Json.
  return value as Json;
}

/** Maximum events of js-yaml for a value: its key, its start and its end. */
const EVENTS_OF_A_VALUE = 3;
/** Events for a document. */
const EVENTS_OF_A_DOCUMENT = 2;

function construct(text: string, values: number): unknown {
  try {
    const events = parseEvents(text, { maxDepth: MAX_DEPTH });
    if (events.length > EVENTS_OF_A_VALUE * values + EVENTS_OF_A_DOCUMENT) throw tooMuch(values, 'values');
    // Without aliases an anchor is useless, and `secret: &abc` would read as null.
    const anchored = events.find(
      (event) => event.type !== EVENT_ID.ALIAS && 'anchorStart' in event && event.anchorStart >= 0,
    );
    if (anchored && 'anchorStart' in anchored) {
      throw malformed(
        'YAML',
        'anchors are not allowed: quote a string that starts with &',
        placeOf(text, anchored.anchorStart - 1),
      );
    }
    const documents = constructFromEvents(events, { source: text, schema: READ_SCHEMA, maxAliases: 0 });
    if (documents.length !== 1) throw new YAMLException(documents.length === 0 ? NO_DOCUMENT : SEVERAL_DOCUMENTS);
    return documents[0];
  } catch (error) {
    if (error instanceof YAMLException) throw failureOf(error);
    throw error;
  }
}

const NO_DOCUMENT = 'expected a document, but the input is empty';
const SEVERAL_DOCUMENTS = 'expected a single document in the stream, but found more';

function failureOf(error: YAMLException): Failure {
  const reason = REASONS.get(error.reason) ?? withoutContent(error.reason);
  const { mark } = error;
  if (mark === undefined) return malformed('YAML', reason);
  return malformed('YAML', reason, { line: mark.line + 1, column: mark.column + 1 });
}

/**
 * js-yaml quotes tags in its messages. One may be a secret that someone forgot to quote (`secret: !x`): it is removed.
 */
function withoutContent(reason: string): string {
  return /\btag\b/.test(reason) ? reason.replace(/ ?(?:!<.*>|".*")|: .*$/g, '') : reason;
}

/** js-yaml quotes a string that would end the document (`---`), but not if it is a key. */
const quoteMarkers: ScalarStyleRule = (layout) => {
  if (layout.isKey && /^(?:---|\.\.\.)/.test(layout.node.value)) layout.style = SCALAR_STYLE.DOUBLE_QUOTED;
};
const STYLE_RULES = [quoteMarkers, ...Object.values(DEFAULT_SCALAR_STYLE_RULES)];

/**
 * Renders a YAML document that YAML 1.1 and 1.2 parsers read back as the same value: ambiguous strings are quoted. Long
 * lines are not folded.
 */
export function renderYaml(value: Json): string {
  return dump(value, { schema: WRITE_SCHEMA, noRefs: true, lineWidth: -1, scalarStyleRules: STYLE_RULES });
}
