/** Texts longer than what a key of the index holds are found as others are, by values of any length. */
import { expect } from 'chai';
import fc from 'fast-check';
import { after, before, describe, it } from 'mocha';
import { indexRows } from '../../resources/search/index/extract.ts';
import { escaped, fold } from '../../resources/search/index/text.ts';
import { type Subject, satisfying } from '../../resources/search/satisfying.ts';
import { type Api, startApi } from '../auth/http/api.ts';
import { runs, SEED } from '../harness/generated.ts';
import { asRoot } from '../harness/server.ts';
import { type Library, openLibrary } from './library.ts';
import { string, textOf } from './oracle/kinds.ts';

/** As much of a text is a key. */
const KEY = 500;
const START = 'a needle '.padEnd(KEY, 'x');

describe('Long texts', () => {
  let api: Api;

  before(async () => {
    api = await startApi({ MAX_BODY: '4mb' });
    for (const [id, text] of [
      ['one', `${START} and Öne`],
      ['two', `${START} and two`],
      ['short', 'a needle'],
      ['long', `${'hay '.repeat(200_000)}100%_straw`],
    ]) {
      await api.put(`/ValueSet/${id}`, { status: 'draft', description: text });
      const code = { coding: [{ system: 'urn:a', code: '1', display: text }] };
      await api.put(`/Observation/${id}`, { status: 'final', code, valueString: text });
    }
  });
  after(() => api.stop());

  /** By POST, since an address has no place for the longest of the values. */
  const ids = async (type: string, parameter: string, text: string) => {
    const form = new URLSearchParams({ [parameter]: escaped(text) }).toString();
    const reply = await api.request('POST', `/${type}/_search`, { as: asRoot, form });
    expect(reply.status, reply.text.slice(0, 1000)).to.equal(200);
    return reply.list('entry').map((_, index) => reply.string(`entry.${index}.resource.id`));
  };

  const FINDS: [rule: string, parameter: string, text: string, ids: string][] = [
    ['what they start with', 'description', 'A needle', 'one two short'],
    ['the whole of what is a key', 'description', START, 'one two'],
    ['more than that', 'description', `${START} AND`, 'one two'],
    ['all of it', 'description', `${START} and one`, 'one'],
    ['more than there is', 'description', `${START} and one more`, ''],
    ['a part of the key', 'description:contains', 'needle', 'one two short'],
    ['a part over its end', 'description:contains', 'x and', 'one two'],
    ['a part behind it', 'description:contains', 'ONE', 'one'],
    ['a longer part than a key', 'description:contains', `${START.slice(1)} and two`, 'two'],
    ['a part of a very long text', 'description:contains', '100%_', 'long'],
    ['with nothing that stands for others', 'description:contains', '100%s', ''],
    ['a long part with such', 'description:contains', `${'hay '.repeat(200)}100%_straw`, 'long'],
    ['nor in that', 'description:contains', `${'hay '.repeat(200)}100%%straw`, ''],
    ['a very long part', 'description:contains', 'hay '.repeat(100_000), 'long'],
    ['a part that grows when it is folded', 'description:contains', '\ufdfa'.repeat(2000), ''],
    ['a very long text to the letter', 'description:exact', `${'hay '.repeat(200_000)}100%_straw`, 'long'],
    ['one to the letter', 'description:exact', `${START} and two`, 'two'],
    ['one to the letter, its accent by itself', 'description:exact', `${START} and O\u0308ne`, 'one'],
    ['another letter', 'description:exact', `${START} and Two`, ''],
    ['a letter more', 'description:exact', `${START} and two!`, ''],
  ];
  for (const [rule, parameter, text, expected] of FINDS) {
    it(`${parameter}: ${rule}`, async () => {
      expect((await ids('ValueSet', parameter, text)).join(' ')).to.equal(expected);
    });
  }

  it('are found as the words of a code', async () => {
    expect(await ids('Observation', 'code:text', START)).to.eql(['one', 'two']);
    expect(await ids('Observation', 'code:text', `${START} and two`)).to.eql(['two']);
    expect(await ids('Observation', 'code:text', `${START} and three`)).to.eql([]);
  });

  it('are found as a part of a composite', async () => {
    const form = new URLSearchParams({ 'code-value-string': `urn:a|1$${START} and one` }).toString();
    const reply = await api.request('POST', '/Observation/_search', { as: asRoot, form });
    expect(reply.string('entry.0.resource.id')).to.equal('one');
    expect(reply.at('total')).to.equal(1);
  });

  it('those that have changed behind the key are found by what they say now', async () => {
    const put = (end: string) =>
      api.put('/ValueSet/late', { status: 'draft', title: START + end, description: START + end });
    await put(' early');
    await put(' late');
    expect(await ids('ValueSet', 'title:contains', 'early')).to.eql([]);
    expect(await ids('ValueSet', 'title:contains', 'late')).to.eql(['late']);
    await api.remove('/ValueSet/late');
    expect(await ids('ValueSet', 'title:contains', 'late')).to.eql([]);
  });

  it('of other kinds a value is no longer than a name can be', async () => {
    const query = `/ValueSet?url=${'x'.repeat(2001)}`;
    expect((await api.request('GET', query, { as: asRoot })).status).to.equal(400);
  });
});

/** What is one character to people is two or more to a database, or another once it is folded. */
const CHARACTERS = ['a', 'b', 'B', ' ', '  ', 'é', 'e\u0301', 'ß', 'ﬁ', '\u{1f600}', '\u{1d400}', '%', '_', '\\', '각'];
const characters = (minLength: number, maxLength: number) =>
  fc.array(fc.constantFrom(...CHARACTERS), { minLength, maxLength }).map((each) => each.join(''));
/** The end of the key is among the characters that were drawn. */
const text = fc
  .tuple(fc.constantFrom('ab ', 'e\u0301', '\u{1f600}a', 'B'), fc.integer({ min: -12, max: 2 }), characters(0, 24))
  .map(
    ([filling, more, end]) =>
      filling
        .repeat(KEY)
        .slice(0, KEY + more)
        .replace(/[\ud800-\udbff]$/, '') + end,
  );

describe('Texts around the end of a key', () => {
  let library: Library;
  const texts = [...fc.sample(text, { seed: SEED, numRuns: 60 }), ...fc.sample(characters(1, 8), { seed: SEED })];
  const subjects: Subject[] = [];

  before(async () => {
    library = await openLibrary(['ValueSet']);
    const definition = library.registry.get('ValueSet');
    for (const [index, description] of texts.entries()) {
      const resource = { resourceType: 'ValueSet', id: String(index), description };
      await library.add(resource);
      if (definition === undefined) continue;
      subjects.push({ id: resource.id, lastUpdated: 0, rows: indexRows(library.registry, definition, resource) });
    }
  });
  after(() => library.close());

  /** A piece of one of the texts, most of them from where it starts or to where it ends, with or without a slip. */
  const asked = fc
    .record({
      of: fc.constantFrom(...texts.map((each) => [...each])),
      from: fc.oneof(fc.constant(0), fc.nat(40), fc.nat(540)),
      short: fc.oneof(fc.constant(0), fc.nat(30), fc.nat(540)),
      slip: fc.option(fc.constantFrom(...CHARACTERS), { freq: 3 }),
    })
    .map(({ of, from, short, slip }) => of.slice(from, Math.max(from + 1, of.length - short)).join('') + (slip ?? ''))
    .filter((each) => textOf(each).folded !== '');

  it('a mark without a letter is no more than the spaces around it', () => {
    expect(['\u0301 a', 'a \u0301 b', '\u00a8x'].map(fold)).to.eql(['a', 'a b', 'x']);
  });

  it('are found by what they start with or contain, in the database and in memory', async () => {
    const modifiers = fc.constantFrom(undefined, 'contains', 'exact');
    const property = fc.asyncProperty(asked, modifiers, async (value, modifier) => {
      const says = string.says({ prefix: '', parts: [value] }, modifier, { base: '', now: 0 });
      const expected = texts.flatMap((each, index) => (says(textOf(each)) ? [String(index)] : []));
      const query = `description${modifier === undefined ? '' : `:${modifier}`}=${escaped(value)}`;
      expect(await library.ids('ValueSet', query), query).to.have.members(expected);
      const held = await satisfying(library.connection, library.parse('ValueSet', query).criteria, subjects);
      expect(
        held.map(({ id }) => id),
        `${query} in memory`,
      ).to.have.members(expected);
    });
    await fc.assert(property, runs(3_000));
  }).timeout(300_000);
});
