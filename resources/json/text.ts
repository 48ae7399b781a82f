// UTF-8 cannot encode a lone surrogate, so the stored text would differ from the sent one; PostgreSQL cannot store NUL.
const UNSTORABLE = /[\0\p{Surrogate}]/u;

/** Returns why a string or a key cannot be stored; undefined if it can. */
export function textProblem(text: string): string | undefined {
  if (!UNSTORABLE.test(text)) return undefined;
  return text.includes('\0')
    ? 'a string cannot contain the NUL character'
    : 'a string cannot contain an unpaired surrogate';
}
