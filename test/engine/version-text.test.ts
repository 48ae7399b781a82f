import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { readJson } from '../../resources/json/read.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { resourceOf } from '../../resources/store.ts';
import { renderContent, renderVersion, resourceBeside } from '../../resources/version-text.ts';
import { runs } from '../harness/generated.ts';

/** Values whose texts could be taken for one another, or for what stands around them. */
const VALUE = fc.constantFrom<string>(
  '1',
  '12',
  '1.0',
  '-0',
  'true',
  '""',
  '"1"',
  String.raw`"a\"b"`,
  String.raw`"a\\"`,
  '"},{,"',
  '"ü\u2028"',
  '[]',
  '[1,2]',
  '["]",{"a":"}"}]',
  '{}',
  '{"a":1,"b":[2]}',
  '{"b":[2],"a":1}',
);
const NAME = fc.constantFrom('a', 'b', 'ab', 'a"b', 'é', 'meta');
const CONTENT = fc
  .uniqueArray(fc.tuple(NAME, VALUE), { selector: ([name]) => name, maxLength: 6 })
  .map((members) => members.filter(([name, value]) => name !== 'meta' || value.startsWith('{')));
/** What follows is mostly the same with some values changed; at times it has nothing to do with it. */
const PAIR = CONTENT.chain((members) => {
  const changed = fc.tuple(
    ...members.map((member) => fc.oneof(fc.constant(member), fc.tuple(fc.constant(member[0]), VALUE))),
  );
  return fc.tuple(fc.constant(members), fc.oneof({ arbitrary: changed, weight: 3 }, { arbitrary: CONTENT, weight: 1 }));
});

function contentOf(members: readonly [string, string][]): JsonObject {
  const content = readJson(`{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`);
  if (!isObject(content)) throw new Error('no object');
  if (!isObject(content['meta'])) delete content['meta'];
  return content;
}

describe('The resource of a version', () => {
  it('is the same, read alone or beside what follows it', () => {
    fc.assert(
      fc.property(PAIR, ([stored, following]) => {
        const version = { key: 1, type: 'Patient', id: 'p', versionId: 7, lastUpdated: 1e12, method: 'PUT' as const };
        const text = renderVersion(version, renderContent(contentOf(stored)));
        const content = contentOf(following);
        const beside = resourceBeside({ ...version, text }, { content, text: renderContent(content) });
        expect(beside).to.deep.equal(resourceOf({ ...version, text }));
        expect(Object.keys(beside ?? {})).to.eql(Object.keys(resourceOf({ ...version, text }) ?? {}));
      }),
      runs(20_000),
    );
  });

  it('shares what is said in the same words', () => {
    const content: Record<string, Json> = { name: [{ family: 'a' }], active: true, address: [{ city: 'b' }] };
    const version = { key: 1, type: 'Patient', id: 'p', versionId: 7, lastUpdated: 1e12, method: 'PUT' as const };
    const text = renderVersion(version, renderContent({ ...content, active: false }));
    const beside = resourceBeside({ ...version, text }, { content, text: renderContent(content) });
    expect(beside?.['name']).to.equal(content['name']);
    expect(beside?.['address']).to.equal(content['address']);
    expect(beside?.['active']).to.equal(false);
  });
});
