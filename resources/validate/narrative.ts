/**
 * The XHTML of a Narrative (https://hl7.org/fhir/R4/narrative.html, txt-1 and txt-2): well-formed XML without a
 * document type, limited to the formatting elements and attributes below, and without active content.
 */

const words = (list: string): string[] => list.trim().split(/\s+/);

const ELEMENTS = new Set(
  words(`p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn code samp img map area kbd var cite
    blockquote q ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td address abbr acronym bdo
    hr sub sup`),
);

const ATTRIBUTES = new Set(
  words(`title style class id lang xml:lang dir accesskey tabindex span width height align valign char charoff abbr
    axis headers scope rowspan colspan name href charset type hreflang rel rev shape coords src alt longdesc usemap
    ismap cite summary border frame rules cellspacing cellpadding cellhalign cellvalign hspace vspace nohref start
    value compact xml:space noshade size nowrap bgcolor color`),
);

/** Attributes that hold a URL. */
const ADDRESSES = new Set(words('href src cite longdesc usemap'));
const SCHEME = /^([a-z][a-z0-9+.-]*):/;
const HARMLESS = new Set(words('http https mailto tel ftp urn oid'));
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp|bmp);/;
/** Style content that can execute something, load another style sheet, or disguise either. */
const ACTIVE_STYLE = /expression\s*\(|@import|javascript:|behaviou?r\s*:|-moz-binding|\/\*|\\/i;
const STYLE_ADDRESS = /url\s*\(([^)]*)/gi;

const NAMESPACE = 'http://www.w3.org/1999/xhtml';
const ENTITY = /&(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});/g;
/** The white space and characters of XML (https://www.w3.org/TR/xml/#charsets): fewer than JavaScript's. */
const SPACE = /^[ \t\r\n]*$/;
const CHARACTERS = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
/** Linear time for any text: the lookahead fixes where the name ends, and quoted values are matched as a whole. */
const TAG = /<(\/?)([A-Za-z][A-Za-z0-9]*)(?=[ \t\r\n/>])([^<>"'/]*(?:"[^"<]*"[^<>"'/]*|'[^'<]*'[^<>"'/]*)*)(\/?)>/y;
const ATTRIBUTE = /[ \t\r\n]+([A-Za-z][A-Za-z:-]*)[ \t\r\n]*=[ \t\r\n]*(?:"([^"<]*)"|'([^'<]*)')/y;
const MOST_LEVELS = 100;
const UNKNOWN_ENTITY =
  'must use only the entities &lt; &gt; &amp; &quot; &apos; and &#…; for characters that XML allows';

/** Returns what is wrong with the text of a div, as a phrase that continues its path; undefined if it is valid. */
export function narrativeFault(text: string): string | undefined {
  return new Scanner(text).fault();
}

class Scanner {
  readonly #text: string;
  #at = 0;
  #open: string[] = [];
  #hasContent = false;

  constructor(text: string) {
    this.#text = text;
  }

  fault(): string | undefined {
    if (!/^[ \t\r\n]*<div[ \t\r\n>]/.test(this.#text)) return `must be one <div xmlns="${NAMESPACE}"> and nothing else`;
    if (!CHARACTERS.test(this.#text)) return 'must not have characters that XML does not allow';
    this.#at = this.#text.indexOf('<');
    while (this.#at < this.#text.length) {
      const fault = this.#text[this.#at] === '<' ? this.#markup() : this.#characters();
      if (fault !== undefined) return fault;
      if (this.#open.length > 0) continue;
      if (!SPACE.test(this.#text.slice(this.#at))) return 'must end with its div, with nothing after it';
      break;
    }
    if (this.#open.length > 0) return `must close its <${this.#open.at(-1)}>`;
    return this.#hasContent ? undefined : 'must contain text or an image';
  }

  #characters(): string | undefined {
    const next = this.#text.indexOf('<', this.#at);
    const text = this.#text.slice(this.#at, next === -1 ? undefined : next);
    this.#at += text.length;
    if (text.includes(']]>')) return 'must be well-formed XHTML: write ]]&gt; for ]]>';
    const decoded = decode(text);
    if (decoded === undefined) return UNKNOWN_ENTITY;
    if (!SPACE.test(decoded)) this.#hasContent = true;
    return undefined;
  }

  #markup(): string | undefined {
    if (this.#text.startsWith('<!--', this.#at)) return this.#comment();
    const isRoot = this.#open.length === 0;
    TAG.lastIndex = this.#at;
    const match = TAG.exec(this.#text);
    if (match === null) return 'must be well-formed XHTML: a < does not start a tag';
    this.#at = TAG.lastIndex;
    const [, slash, name = '', attributes = '', empty] = match;
    if (slash === '/') return this.#close(name, attributes + (empty ?? ''));
    if (!ELEMENTS.has(name)) return `must not have the element <${name.slice(0, 20)}>: only formatting is allowed`;
    if (empty !== '/') this.#open.push(name);
    if (this.#open.length > MOST_LEVELS) return `must not nest deeper than ${MOST_LEVELS} elements`;
    if (name === 'img' && hasAttribute(attributes, 'src')) this.#hasContent = true;
    return attributesFault(attributes, isRoot);
  }

  /**
   * A comment that starts with `>` or `->` ends there in HTML (https://html.spec.whatwg.org/#comments), but not in XML.
   */
  #comment(): string | undefined {
    const start = this.#text.slice(this.#at + 4, this.#at + 6);
    if (/^-?>/.test(start)) return 'must be well-formed XHTML: a comment must not start with > or ->';
    const end = this.#text.indexOf('--', this.#at + 4);
    if (end === -1 || this.#text[end + 2] !== '>') return 'must be well-formed XHTML: a comment must not contain --';
    this.#at = end + 3;
    return undefined;
  }

  #close(name: string, rest: string): string | undefined {
    return this.#open.pop() === name && SPACE.test(rest)
      ? undefined
      : `must be well-formed: </${name}> has no opening tag`;
  }
}

function attributesFault(text: string, isRoot: boolean): string | undefined {
  const seen = new Set<string>();
  let at = 0;
  while (!SPACE.test(text.slice(at))) {
    ATTRIBUTE.lastIndex = at;
    const match = ATTRIBUTE.exec(text);
    if (match === null) return 'must be well-formed XHTML: an attribute must be name="value"';
    at = ATTRIBUTE.lastIndex;
    const [, name = '', double, single] = match;
    const value = decode(double ?? single ?? '');
    if (value === undefined || seen.has(name)) return `must be well-formed XHTML: the attribute ${name} is not valid`;
    seen.add(name);
    const fault = name === 'xmlns' ? namespaceFault(value) : attributeFault(name, value);
    if (fault !== undefined) return fault;
  }
  return isRoot && !seen.has('xmlns') ? `must begin with <div xmlns="${NAMESPACE}">` : undefined;
}

function hasAttribute(text: string, wanted: string): boolean {
  ATTRIBUTE.lastIndex = 0;
  for (let match = ATTRIBUTE.exec(text); match !== null; match = ATTRIBUTE.exec(text)) {
    if (match[1] === wanted) return true;
  }
  return false;
}

function namespaceFault(value: string): string | undefined {
  return value === NAMESPACE ? undefined : `must have the namespace ${NAMESPACE}`;
}

function attributeFault(name: string, value: string): string | undefined {
  if (!ATTRIBUTES.has(name)) return `must not have the attribute ${name.slice(0, 20)}: only formatting is allowed`;
  if (name === 'style')
    return isHarmlessStyle(value) ? undefined : 'must not have a style that is active or hides content';
  return !ADDRESSES.has(name) || isHarmless(value)
    ? undefined
    : `must not have this URL in ${name}: it could be active`;
}

function isHarmlessStyle(style: string): boolean {
  const addresses = [...style.matchAll(STYLE_ADDRESS)].map(([, address = '']) => address.replace(/["']/g, ''));
  return !ACTIVE_STYLE.test(style) && addresses.every(isHarmless);
}

/** Browsers ignore control characters and spaces, as in `java\nscript:`. */
function isHarmless(address: string): boolean {
  const bare = address.replace(/[\u0000-\u0020\u007F-\u00A0]/g, '').toLowerCase();
  const scheme = SCHEME.exec(bare)?.[1];
  return scheme === undefined || HARMLESS.has(scheme) || IMAGE.test(bare);
}

/** Returns a text with its entities replaced; undefined if it has an unknown one, or a character XML does not allow. */
function decode(text: string): string | undefined {
  if (!text.includes('&')) return text;
  if (text.replace(ENTITY, '').includes('&')) return undefined;
  const decoded = text.replace(ENTITY, (entity) => {
    if (entity[1] !== '#') return { '&lt;': '<', '&gt;': '>', '&amp;': '&', '&quot;': '"' }[entity] ?? "'";
    const point = entity[2] === 'x' ? Number.parseInt(entity.slice(3), 16) : Number(entity.slice(2, -1));
    return point <= 0x10ffff ? String.fromCodePoint(point) : '\0';
  });
  return CHARACTERS.test(decoded) ? decoded : undefined;
}
