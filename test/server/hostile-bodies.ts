/** Bodies of `MAX_BODY` bytes that are made to take long, with what one of them should be told. */

/** The most that a body may have by default. */
export const MEGABYTE = 1024 * 1024;

export const JSON_TYPE = 'application/json';
export const YAML_TYPE = 'text/yaml';
export const FORM_TYPE = 'application/x-www-form-urlencoded';
export const PATCH_TYPE = 'application/json-patch+json';

/** So many pieces between a beginning and an end, as have room in a megabyte; `between` separates them. */
export function filled(head: string, piece: (index: number) => string, tail: string, between = ','): string {
  const pieces: string[] = [];
  let size = head.length + tail.length;
  for (let index = 0; ; index += 1) {
    const next = piece(index);
    size += Buffer.byteLength(next) + between.length;
    if (size > MEGABYTE) return head + pieces.join(between) + tail;
    pieces.push(next);
  }
}

/** Values beyond the bound, and as many as there may be. */
export const BEYOND = {
  lists: filled('{"x":[', () => '[]', ']}'),
  nested: filled('{"x":[', () => '['.repeat(90) + ']'.repeat(90), ']}'),
  names: filled('{', (index) => `"k${index}":1`, '}'),
  shapes: filled('{"x":[', (index) => `{"a${index}":1}`, ']}'),
  yamlFlow: filled('x: [', () => '1', ']'),
  yamlBlock: filled('x:\n', () => '- a: 1', '', '\n'),
  yamlNested: filled('x: [', () => '['.repeat(90) + ']'.repeat(90), ']'),
  fields: filled('', (index) => `a${index}=b`, '', '&'),
};

/** A JSON text padded with white space to a megabyte. */
export function padded(text: string): string {
  return text + ' '.repeat(MEGABYTE - Buffer.byteLength(text));
}

/** A list of so many pieces between a beginning and an end, padded to a megabyte. */
export function listed(head: string, count: number, piece: (index: number) => string, tail: string): string {
  return padded(head + Array.from({ length: count }, (_, index) => piece(index)).join(',') + tail);
}

const PATIENT = '{"resourceType":"Patient",';

/** What is within the bounds and takes the longest. */
export const WITHIN = {
  lists: listed('{"x":[', 104_000, () => '[]', ']}'),
  decimals: listed('{"x":[', 104_000, () => '1.0', ']}'),
  unknown: listed(PATIENT, 4_000, (index) => `"k${index}":1`, '}'),
  contained: listed(`${PATIENT}"contained":[`, 26_000, (index) => `{"resourceType":"Basic","id":"${index}"}`, ']}'),
  faults: listed(`${PATIENT}"name":[{"given":[`, 104_000, () => '1', ']}]}'),
  valid: listed(`${PATIENT}"name":[`, 50_000, () => '{"text":"a"}', ']}'),
  texts: listed(`${PATIENT}"name":[`, 40_000, (index) => `{"text":"a${index}"}`, ']}'),
  escapes: filled(`${PATIENT}"name":[{"text":"a`, () => '\\n', 'b"}]}', ''),
  words: filled(`${PATIENT}"name":[{"text":"`, () => 'a b c ', 'd"}]}', ''),
};
