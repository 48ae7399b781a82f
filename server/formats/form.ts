import { Failure } from '../../resources/errors.ts';
import { textProblem } from '../../resources/json/text.ts';

/** More than any search or token request needs: a search takes a hundred parameters, a token request a few dozen. */
const MOST_FIELDS = 1000;

/**
 * Parses an `application/x-www-form-urlencoded` body to its pairs, in order and with repeated names (RFC 6749 §3.2
 * forbids repeats, FHIR search means AND by them). An empty body gives none.
 * Throws `malformed` for a percent sign without two hex digits, for bytes that are not UTF-8, and for NUL, and
 * `too-large` for more than MOST_FIELDS fields.
 */
export function parseForm(text: string): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  let end = -1;
  while (end < text.length) {
    const start = end + 1;
    const separator = text.indexOf('&', start);
    end = separator === -1 ? text.length : separator;
    if (start === end) continue;
    if (pairs.length === MOST_FIELDS) {
      throw new Failure('too-large', `A form can have at most ${MOST_FIELDS} fields: send fewer at a time.`);
    }
    const part = text.slice(start, end);
    const equals = part.indexOf('=');
    const name = equals === -1 ? part : part.slice(0, equals);
    const value = equals === -1 ? '' : part.slice(equals + 1);
    pairs.push([decode(name, pairs.length + 1), decode(value, pairs.length + 1)]);
  }
  return pairs;
}

function decode(text: string, position: number): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text.includes('+') ? spaced(text) : text);
  } catch (cause) {
    // The text is not quoted in the message: it may hold a credential.
    throw new Failure('malformed', `Invalid form: field ${position} is not percent-encoded UTF-8.`, { cause });
  }
  const problem = textProblem(decoded);
  if (problem !== undefined) throw new Failure('malformed', `Invalid form: field ${position}: ${problem}.`);
  return decoded;
}

const [PLUS, SPACE] = [0x2b, 0x20];

/** Replaces each plus with a space, in a buffer: string replacement takes thirty times as long if there are many. */
function spaced(text: string): string {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 1) if (bytes[at] === PLUS) bytes[at] = SPACE;
  return bytes.toString();
}
