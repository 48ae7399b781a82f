/** Bodies that cannot be read: 400, whatever they were meant to be. */
import { gzipSync } from 'node:zlib';
import { bodies, json, type Row } from './row.ts';

const PUT = ['PUT', '/Patient/x'] as const;
const bad = (name: string, body: string | Buffer): [string, ReturnType<typeof json>, number, string] => {
  return [name, json(body), 400, 'structure'];
};
const badYaml = (name: string, yaml: string): [string, { yaml: string }, number, string] => {
  return [name, { yaml }, 400, 'structure'];
};
const encoded = (encoding: string, body: string | Buffer) => {
  return { body, headers: { 'content-type': 'application/fhir+json', 'content-encoding': encoding } };
};
const LAUGHS = ['a: &a [x]', 'b: &b [*a, *a]', 'c: [*b, *b]', ''].join('\n');

export const UNREADABLE: Row[] = [
  ...bodies('JSON syntax', ...PUT, [
    bad('nothing', ''),
    bad('an object that does not end', '{"active":true'),
    bad('a comma too many', '{"active":true,}'),
    bad('single quotes', "{'active':true}"),
    bad('a key without quotes', '{active:true}'),
    bad('no colon', '{"active" true}'),
    bad('text behind the value', '{"active":true} x'),
    bad('two values', '{}{}'),
    bad('a comment', '{/* yes */"active":true}'),
    bad('a half word', '{"active":tru}'),
  ]),
  ...bodies('JSON that is no object', ...PUT, [
    bad('a list', '[]'),
    bad('null', 'null'),
    bad('text', '"Patient"'),
    bad('a number', '5'),
  ]),
  ...bodies('JSON numbers', ...PUT, [
    bad('a leading zero', '{"multipleBirthInteger":01}'),
    bad('a plus', '{"multipleBirthInteger":+1}'),
    bad('no digit before the point', '{"multipleBirthInteger":.5}'),
    bad('no digit behind the point', '{"multipleBirthInteger":1.}'),
    bad('no exponent', '{"multipleBirthInteger":1e}'),
    bad('NaN', '{"multipleBirthInteger":NaN}'),
    bad('Infinity', '{"multipleBirthInteger":Infinity}'),
    bad('a lone minus', '{"multipleBirthInteger":-}'),
    bad('hexadecimal', '{"multipleBirthInteger":0x10}'),
    bad('an exponent beyond any number', '{"multipleBirthInteger":1e999999}'),
  ]),
  ...bodies('JSON text', ...PUT, [
    bad('a line break', '{"language":"d\ne"}'),
    bad('an unknown escape', '{"language":"\\x64e"}'),
    bad('half an escape', '{"language":"\\u00"}'),
    bad('NUL', '{"language":"\\u0000"}'),
    bad('lone surrogates', '{"language":"\\ud800"}'),
    bad('no closing quote', '{"language":"de'),
    bad('bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
    bad('UTF-16', Buffer.from('{"language":"de"}', 'utf16le')),
  ]),
  ...bodies('JSON keys', ...PUT, [
    bad('a key twice', '{"active":true,"active":false}'),
    bad('a key twice, escaped once', '{"active":true,"\\u0061ctive":false}'),
    bad('a key twice, below', '{"name":[{"family":"A","family":"B"}]}'),
    bad('__proto__', '{"__proto__":{"active":true}}'),
    bad('__proto__, below', '{"name":[{"__proto__":{"family":"A"}}]}'),
  ]),
  ...bodies('depth', ...PUT, [
    bad('200 lists', `{"name":${'['.repeat(200)}${']'.repeat(200)}}`),
    bad('100,000 lists', `{"name":${'['.repeat(100_000)}`),
    bad('200 objects', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`),
    badYaml('200 YAML lists', `name: ${'['.repeat(200)}${']'.repeat(200)}\n`),
  ]),
  ...bodies('size', ...PUT, [
    ['a body beyond the limit', json(`{"language":"${'x'.repeat(1_100_000)}"}`), 413, 'too-long'],
    ['gzip that inflates beyond it', encoded('gzip', gzipSync(Buffer.alloc(30_000_000, 0x20))), 413, 'too-long'],
  ]),
  ...bodies('compression', ...PUT, [
    ['gzip that is none', encoded('gzip', '{"active":true}'), 400, 'structure'],
    ['gzip cut off', encoded('gzip', gzipSync('{"active":true}').subarray(0, 20)), 400, 'structure'],
    ['an unknown encoding', encoded('rot13', '{"active":true}'), 415, 'not-supported'],
  ]),
  ...bodies('YAML syntax', ...PUT, [
    badYaml('nothing', ''),
    badYaml('a tab for indentation', 'name:\n\t- family: A\n'),
    badYaml('a quote that does not end', 'language: "de\n'),
    badYaml('two colons', 'language: de: at\n'),
    badYaml('a list that does not end', 'name: [{family: A}\n'),
    badYaml('indentation that fits nothing', 'name:\n    - family: A\n  given: [B]\n'),
    badYaml('a list', '- active: true\n'),
    badYaml('text', 'Patient\n'),
    badYaml('two documents', 'active: true\n---\nactive: false\n'),
    badYaml('NUL', 'language: "\\0"\n'),
  ]),
  ...bodies('YAML that JSON has no word for', ...PUT, [
    badYaml('a key twice', 'active: true\nactive: false\n'),
    badYaml('an alias', 'name: &n\n- family: A\ncontact: *n\n'),
    badYaml('aliases that multiply', LAUGHS),
    badYaml('a merge key', '<<: {active: true}\n'),
    badYaml('__proto__', '__proto__:\n  active: true\n'),
    badYaml('a function', 'language: !!js/function "function(){}"\n'),
    badYaml('binary', 'language: !!binary "ZGU="\n'),
    badYaml('a tag of its own', 'language: !lang de\n'),
    badYaml('a key that is no text', '? [a, b]\n: c\n'),
    badYaml('infinity', 'multipleBirthInteger: .inf\n'),
  ]),
];
