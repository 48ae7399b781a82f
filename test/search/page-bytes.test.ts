/** Pages that end where their bytes do: each match once, in the order and with the total that other pages have. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Version } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { runSearch } from '../../resources/search/compile.ts';
import { sql } from '../../resources/search/sql/fragment.ts';
import { includedWith } from '../../resources/search/sql/included.ts';
import { completed, type FoundRow, query, versionsOf } from '../../resources/search/sql/versions.ts';
import type { Binding } from '../../resources/storage/connection.ts';
import { type Library, OPTIONS, openLibrary } from './library.ts';

const BYTES = 150_000;
/** More than few matches may have that are sorted in memory. */
const LONG = 70_000;
const PEOPLE = 60;

const QUERIES = [
  '_total=none',
  'gender=male',
  'gender=male&_count=7',
  'name=smith',
  'name:contains=ith&gender=male',
  '_sort=birthdate',
  '_sort=-birthdate&gender=male',
  '_sort=-_lastUpdated',
  '_sort=family,-birthdate&gender=male&_total=accurate',
  'organization=Organization/o&gender=male',
];

function sizeOf({ text }: Version): number {
  return Buffer.byteLength(text ?? '');
}

describe('Pages that end where their bytes do', () => {
  let library: Library;
  before(async () => {
    library = await openLibrary(['Patient', 'Organization']);
    await library.add({ resourceType: 'Organization', id: 'o' });
    for (let index = 0; index < PEOPLE; index += 1) {
      // Of three bytes a character.
      const text = '\u20ac'.repeat(index % 11 === 3 ? BYTES / 3 : index % 5 === 0 ? LONG / 3 : index * 10);
      const person = {
        gender: index % 3 === 0 ? 'female' : 'male',
        name: [{ family: `Smith${index % 4}` }],
        managingOrganization: { reference: 'Organization/o' },
        contact: [{ name: { text } }],
        ...(index % 7 > 0 && { birthDate: `19${10 + ((index * 31) % 80)}-01-01` }),
      };
      await library.add({ resourceType: 'Patient', id: `p${index}`, ...person }, index * 1000);
    }
  });
  after(() => library.close());

  /** Looks at how much each query reads at once. */
  const watching = (read: (bytes: number) => void) => ({
    ...library.connection,
    all: async <Row>(sql: string, bindings?: readonly Binding[]) => {
      const rows = await library.connection.all<Row>(sql, bindings);
      const texts = rows.map((row) => (row as { text?: string | null }).text ?? '');
      read(texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
      return rows;
    },
  });

  for (const query of QUERIES) {
    it(`${query}: each match once, and no page ends too early or too late`, async () => {
      const whole = await library.ids('Patient', query);
      const { total } = await library.search('Patient', query);
      const found: Version[] = [];
      const pages: Version[][] = [];
      let most = 0;
      const connection = watching((bytes) => {
        most = Math.max(most, bytes);
      });
      for (let cursor = ''; ; ) {
        const plan = { ...library.parse('Patient', `${query}${cursor}`), bytes: BYTES };
        const page = await runSearch(connection, plan);
        if (cursor === '') expect(page.total).to.equal(total);
        pages.push(page.matches);
        found.push(...page.matches);
        if (page.next === undefined) break;
        cursor = `&_cursor=${page.next}`;
      }
      expect(found.map(({ id }) => id)).to.deep.equal(whole);
      const count = library.parse('Patient', query).count;
      for (const [index, page] of pages.entries()) {
        const bytes = page.reduce((sum, version) => sum + sizeOf(version), 0);
        expect(page.length === 1 || bytes <= BYTES, `page ${index} of ${bytes}`).to.equal(true);
        const [next] = pages[index + 1] ?? [];
        if (next && page.length < count) expect(bytes + sizeOf(next)).to.be.above(BYTES);
      }
      expect(pages.length).to.be.above(5);
      // What one query reads is a page, and the first match of the next.
      const largest = Math.max(...found.map(sizeOf));
      expect(most).to.be.within(1, BYTES + largest);
    });
  }

  it('what is included has as many bytes as the matches may have, and is not read where it has more', async () => {
    const include = async (bytes: number, read: (bytes: number) => void = () => undefined) => {
      const plan = { ...library.parse('Organization', '_id=o&_revinclude=Patient:organization'), bytes };
      const { matches } = await runSearch(library.connection, plan);
      return includedWith(watching(read), library.registry, plan, matches, OPTIONS);
    };
    expect((await include(10_000_000)).length).to.equal(PEOPLE);
    let most = 0;
    const refused = await include(BYTES, (bytes) => {
      most = Math.max(most, bytes);
    }).catch((error: unknown) => error);
    expect(refused)
      .to.be.instanceOf(Failure)
      .with.property(
        'message',
        `More than ${BYTES} bytes would be included: use a smaller _count, or JSON without _pretty.`,
      );
    expect(most).to.be.below(BYTES);
  });

  it('one that is included has room, however large it is', async () => {
    const plan = { ...library.parse('Patient', '_id=p1&_include=Patient:organization'), bytes: 1 };
    const { matches } = await runSearch(library.connection, plan);
    const included = await includedWith(library.connection, library.registry, plan, matches, OPTIONS);
    expect([...matches, ...included].map(({ id }) => id)).to.eql(['p1', 'o']);
  });

  it('a text that is read after its row was found is of the version that was found', async () => {
    const keys = sql`SELECT r.key FROM resource r WHERE r.type = ${'Patient'} AND r.id = ${'p3'}`;
    const rows = await query<FoundRow>(library.connection, versionsOf(keys, 'r.key', { most: 1 }));
    expect(rows.map(({ text }) => text)).to.eql([null]);
    const [row] = await completed(library.connection, rows);
    expect(row?.text).to.include('"p3"');
    // One that is there no more: what stands in its place may be nothing that was searched for.
    const before = rows.map((each) => ({ ...each, version_id: each.version_id + 1 }));
    expect(await completed(library.connection, before)).to.eql([]);
  });
});
