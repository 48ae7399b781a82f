import type { CodeSystem } from './code-system.ts';

const EXTENDED = '[a-z]{2,3}(?:-[a-z]{3}){0,3}';
const SCRIPT = '[a-z]{4}';
const REGION = '(?:[a-z]{2}|\\d{3})';
const VARIANT = '(?:[a-z0-9]{5,8}|\\d[a-z0-9]{3})';
const SINGLETON = '[0-9a-wyz](?:-[a-z0-9]{2,8})+';
const PRIVATE = 'x(?:-[a-z0-9]{1,8})+';
/** No language subtag of four or more letters is registered, so none is accepted. */
const TAG = new RegExp(
  `^(?:(${EXTENDED})(?:-${SCRIPT})?(?:-${REGION})?(?:-${VARIANT})*(?:-${SINGLETON})*(?:-${PRIVATE})?|${PRIVATE})$`,
  'i',
);
/** Tags that predate the grammar (https://www.rfc-editor.org/rfc/rfc5646#section-2.2.8). */
const GRANDFATHERED = new Set(
  (
    'en-gb-oed i-ami i-bnn i-default i-enochian i-hak i-klingon i-lux i-mingo i-navajo i-pwn i-tao i-tay i-tsu ' +
    'sgn-be-fr sgn-be-nl sgn-ch-de art-lojban cel-gaulish no-bok no-nyn zh-guoyu zh-hakka zh-min zh-min-nan zh-xiang'
  ).split(' '),
);

let names: Intl.DisplayNames | undefined;

/** Language tags (BCP 47, https://www.rfc-editor.org/rfc/rfc5646#section-2.1), case-insensitive. */
export const languages: CodeSystem = {
  isCode: (code) => isTag(code) || GRANDFATHERED.has(code.toLowerCase()),
  remedy: 'must be a language tag, such as en or pt-BR',
};

/** Three-letter languages are too many to check, so all are accepted; two-letter ones must be known. */
function isTag(code: string): boolean {
  const match = TAG.exec(code);
  const language = match?.[1]?.split('-')[0];
  if (language === undefined || language.length > 2) return match !== null;
  names ??= new Intl.DisplayNames('en', { type: 'language', fallback: 'none' });
  return names.of(language) !== undefined;
}
