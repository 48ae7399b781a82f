/** Text that is already HTML. Only the template below creates it, so that everything else is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value in a template: HTML as it is, text escaped, undefined as nothing. */
type Shown = Html | readonly Html[] | string | number | undefined;

/** Returns HTML with the values filled in, as element content or inside a quoted attribute. */
export function html(parts: TemplateStringsArray, ...shown: Shown[]): Html {
  return new Html(parts.map((part, at) => part + rendered(shown[at])).join(''));
}

function rendered(value: Shown): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(rendered).join('');
  return escaped(String(value));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
