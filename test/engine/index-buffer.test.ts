import { expect } from 'chai';
import fc from 'fast-check';
import type { IndexRow, IndexRows } from '../../resources/search/index/tables.ts';
import type { Connection } from '../../resources/storage/connection.ts';
import { IndexBuffer, indexStatements } from '../../resources/storage/index-buffer.ts';
import { runs } from '../harness/generated.ts';
import { openedDatabase } from './opened.ts';

/** The versions of two resources as their rows of one parameter: a code and its edge. */
const VERSIONS = fc.array(
  fc.record({
    key: fc.constantFrom(1, 2),
    codes: fc.uniqueArray(fc.record({ code: fc.constantFrom('a', 'b', 'c'), edge: fc.constantFrom(0, 1, 3) }), {
      selector: ({ code }) => code,
    }),
    flush: fc.boolean(),
  }),
  { maxLength: 12 },
);

describe('Index rows gathered for a group', () => {
  const database = openedDatabase();

  it('are those of the last versions, wherever the group is flushed', async () => {
    const writer = await database().openWriter();
    const write = await writer.join(indexStatements(database().dialect));
    await fc.assert(
      fc.asyncProperty(VERSIONS, async (versions) => {
        await writer.run('DELETE FROM search_token');
        const buffer = new IndexBuffer();
        const last = new Map<number, IndexRow[]>();
        for (const { key, codes, flush } of versions) {
          const rows = codes.map(({ code, edge }): IndexRow => [7, code, '', edge, 0]);
          buffer.replace(key, tokens(last.get(key) ?? []), tokens(rows));
          last.set(key, rows);
          if (flush) await write(buffer.take());
        }
        await write(buffer.take());
        expect(await stored(writer)).to.deep.equal(expected(last));
      }),
      runs(300),
    );
    await writer.close();
  });
});

function tokens(rows: IndexRow[]): IndexRows {
  return new Map([['search_token', rows]]);
}

async function stored(connection: Connection): Promise<string[]> {
  const rows = await connection.all<{ key: number; code: string; edge: number }>(
    'SELECT key, code, edge FROM search_token',
  );
  return rows.map(({ key, code, edge }) => `${key} ${code} ${edge}`).sort();
}

function expected(last: Map<number, IndexRow[]>): string[] {
  return [...last].flatMap(([key, rows]) => rows.map(([, code, , edge]) => `${key} ${code} ${edge}`)).sort();
}
