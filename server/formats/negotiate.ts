import { Failure } from '../../resources/errors.ts';
import type { Json } from '../../resources/json/value.ts';
import { type AnswerType, type FormatName, isOtherVersion, MEDIA_TYPES } from './media-types.ts';

/** How an answer is written. */
export interface Answer {
  readonly format: FormatName;
  /** The `Content-Type` header, charset included. */
  readonly contentType: string;
  /** True where JSON is indented: text that is not has to be rendered again. */
  readonly pretty: boolean;
  render(value: Json): string;
}

export interface Wishes {
  /** The `Accept` header. */
  accept?: string | undefined;
  /** The `_format` parameter; it wins (FHIR R4 §3.1.0.1.11). */
  format?: string | undefined;
  /** JSON indented for people (`_pretty`); YAML always is. */
  pretty?: boolean;
  /** What an endpoint answers where anything would do. Where that is not FHIR's, its type means this one. */
  preferred?: typeof FHIR_JSON | 'application/json';
  /** A further type that the document has. */
  also?: AnswerType | undefined;
}

/** An element of an `Accept` header: `text/*;q=0.5`. */
interface Range {
  type: string;
  quality: number;
}

const ANSWERS: readonly AnswerType[] = MEDIA_TYPES.filter((row) => row.answer === true);
const FHIR_JSON = 'application/fhir+json';

/**
 * Chooses how to answer (RFC 9110 §12.5.1). Among equals of quality, the one named by itself goes before a wildcard,
 * then what stands first. `text/html`, what a browser asks, means the preferred JSON.
 * Throws `not-acceptable` (406) where Ward has nothing of what is asked.
 */
export function negotiate({ accept, format, pretty = false, preferred = FHIR_JSON, also }: Wishes): Answer {
  const answers = also === undefined ? ANSWERS : [...ANSWERS, also];
  const chosen = format ? named(format, preferred) : remembered(accept ?? '', preferred, answers);
  const row = answers.find(({ mediaType }) => mediaType === (chosen === FHIR_JSON ? preferred : chosen));
  if (row?.format === undefined) {
    const offers = answers.map(({ mediaType }) => mediaType).join(', ');
    throw new Failure('not-acceptable', `Nothing here is of that type. Ask for: ${offers}.`);
  }
  const { name, render } = row.format;
  return {
    format: name,
    pretty: pretty && name === 'json',
    contentType: `${row.mediaType}; charset=utf-8`,
    render: (value) => render(value, pretty),
  };
}

function named(format: string, preferred: string): string | undefined {
  if (isOtherVersion(format)) return undefined;
  // In a query, the plus of `application/fhir+json` reads as a space unless the caller encoded it.
  const name = (format.split(';', 1)[0] ?? '').trim().replaceAll(' ', '+').toLowerCase();
  if (name === 'json' || name === 'text/html' || name === 'html') return preferred;
  return name === 'yaml' ? 'text/yaml' : name;
}

/** What was chosen for the headers that came of late, by what was preferred: most clients always send the same one. */
const CHOSEN = new Map<string, string>();
const MOST_CHOSEN = 100;
/** Characters of a header that is worth to be remembered. */
const LONGEST = 200;

function remembered(accept: string, preferred: string, answers: readonly AnswerType[]): string | undefined {
  if (answers !== ANSWERS || accept.length > LONGEST) return accepted(accept, preferred, answers);
  const key = `${preferred} ${accept}`;
  const known = CHOSEN.get(key);
  if (known !== undefined) return known;
  const chosen = accepted(accept, preferred, answers);
  // A caller may send what it likes: whatever it fills, the others are soon there again.
  if (CHOSEN.size >= MOST_CHOSEN) CHOSEN.clear();
  if (chosen !== undefined) CHOSEN.set(key, chosen);
  return chosen;
}

function accepted(accept: string, preferred: string, answers: readonly AnswerType[]): string | undefined {
  if (accept.trim() === '') return preferred;
  const ranges = rangesOf(accept);
  const offers = [preferred, ...answers.map((row) => row.mediaType), 'text/html'];
  let best: { offer: string; rank: number[] } | undefined;
  for (const offer of offers) {
    const rank = rankOf(offer, ranges);
    if (rank !== undefined && (best === undefined || isHigher(rank, best.rank))) best = { offer, rank };
  }
  return best?.offer === 'text/html' ? preferred : best?.offer;
}

function rangesOf(accept: string): Range[] {
  // What is asked in another version of FHIR is not here.
  const elements = accept.split(',').filter((element) => !isOtherVersion(element));
  return elements.map((element) => {
    const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
    // A weight that is none counts for nothing, so that a typo does not become a preference.
    const quality = weight === undefined ? 1 : /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(weight) ? Number(weight) : 0;
    return { type, quality };
  });
}

/** Quality, precision and place of the most precise range that covers an offer; undefined where none allows it. */
function rankOf(offer: string, ranges: readonly Range[]): number[] | undefined {
  const covering = [offer, `${offer.split('/', 1)[0]}/*`, '*/*'];
  for (const [coarseness, type] of covering.entries()) {
    const index = ranges.findIndex((range) => range.type === type);
    const quality = ranges[index]?.quality;
    if (quality !== undefined) return quality === 0 ? undefined : [quality, -coarseness, -index];
  }
  return undefined;
}

function isHigher(left: readonly number[], right: readonly number[]): boolean {
  const index = left.findIndex((part, at) => part !== right[at]);
  return (left[index] ?? 0) > (right[index] ?? 0);
}
