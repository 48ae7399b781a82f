import { Failure } from '../../resources/errors.ts';
import type { Json } from '../../resources/json/value.ts';
import { type AnswerType, type FormatName, isOtherVersion, MEDIA_TYPES } from './media-types.ts';

/** The negotiated format of a response. */
export interface Answer {
  readonly format: FormatName;
  /** The `Content-Type` header, charset included. */
  readonly contentType: string;
  /** True if JSON is indented: stored text is not, and has to be rendered again. */
  readonly pretty: boolean;
  render(value: Json): string;
}

export interface Wishes {
  /** The `Accept` header. */
  accept?: string | undefined;
  /** The `_format` parameter, which takes precedence (FHIR R4 §3.1.0.1.11). */
  format?: string | undefined;
  /** Indent JSON for people (`_pretty`); YAML is always indented. */
  pretty?: boolean;
  /**
   * The type to use without a preference of the client. If it is not FHIR's JSON, a request for FHIR's means it too.
   */
  preferred?: typeof FHIR_JSON | 'application/json';
  /** An additional type of the document. */
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
 * Chooses the format of a response (RFC 9110 §12.5.1). At equal quality, a type named explicitly precedes a wildcard,
 * and then the first one wins. `text/html`, which browsers ask for, means the preferred JSON.
 * Throws `not-acceptable` (406) if the server supports none of the types.
 */
export function negotiate({ accept, format, pretty = false, preferred = FHIR_JSON, also }: Wishes): Answer {
  const answers = also === undefined ? ANSWERS : [...ANSWERS, also];
  const chosen = format ? named(format, preferred) : remembered(accept ?? '', preferred, answers);
  const row = answers.find(({ mediaType }) => mediaType === (chosen === FHIR_JSON ? preferred : chosen));
  if (row?.format === undefined) {
    const offers = answers.map(({ mediaType }) => mediaType).join(', ');
    throw new Failure('not-acceptable', `Not available in the requested format. Supported: ${offers}.`);
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

/** A cache of recent results, by preferred type and header: most clients always send the same header. */
const CHOSEN = new Map<string, string>();
const MOST_CHOSEN = 100;
/** Maximum characters of a header to cache. */
const LONGEST = 200;

function remembered(accept: string, preferred: string, answers: readonly AnswerType[]): string | undefined {
  if (answers !== ANSWERS || accept.length > LONGEST) return accepted(accept, preferred, answers);
  const key = `${preferred} ${accept}`;
  const known = CHOSEN.get(key);
  if (known !== undefined) return known;
  const chosen = accepted(accept, preferred, answers);
  // A caller can fill the cache with random headers; after the reset, the usual ones are soon back.
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
  // A range of another FHIR version cannot be satisfied.
  const elements = accept.split(',').filter((element) => !isOtherVersion(element));
  return elements.map((element) => {
    const [type = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
    // An invalid weight counts as 0, so that a typo does not become a preference.
    const quality = weight === undefined ? 1 : /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/.test(weight) ? Number(weight) : 0;
    return { type, quality };
  });
}

/**
 * Returns quality, precision and position of the most precise range that covers an offer; undefined if none allows it.
 */
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
