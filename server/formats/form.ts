import { Failure } from '../../resources/errors.ts';
import { textProblem } from '../../resources/json/text.ts';

/**
 * The pairs of an `application/x-www-form-urlencoded` body in their order, a repeated name as often as it stands
 * (RFC 6749 §3.2 refuses repeats, FHIR search means AND by them). An empty body gives none.
 * Throws `malformed` for a percent sign without two hex digits, for bytes that are not UTF-8, and for NUL.
 */
export function parseForm(text: string): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  for (const part of text.split('&')) {
    if (part === '') continue;
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
    decoded = decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    // The text is not quoted in the message: it may hold a credential.
    throw new Failure('malformed', `Invalid form: field ${position} is not percent-encoded UTF-8.`, { cause });
  }
  const problem = textProblem(decoded);
  if (problem !== undefined) throw new Failure('malformed', `Invalid form: field ${position}: ${problem}.`);
  return decoded;
}
