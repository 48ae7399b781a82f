// A lone surrogate has no UTF-8, so what is stored would not be what was sent; PostgreSQL cannot hold NUL.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Why a string or a key cannot be stored, or undefined where it can. */
export function textProblem(text: string): string | undefined {
  if (!UNSTORABLE.test(text)) return undefined;
  return text.includes('\0')
    ? 'a string cannot contain the character NUL'
    : 'a string cannot contain half a surrogate pair';
}
