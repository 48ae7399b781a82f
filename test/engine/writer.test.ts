import { expect } from 'chai';
import type { Change } from '../../resources/engine.ts';
import { Failure } from '../../resources/errors.ts';
import { DatabaseError, type WriterConnection } from '../../resources/storage/connection.ts';
import type { Job } from '../../resources/writing/group.ts';
import { Writer } from '../../resources/writing/writer.ts';
import { openedDatabase } from './opened.ts';

describe('The queue of writes', () => {
  const database = openedDatabase();
  let writer: Writer;
  let statements: string[];
  let committed: Change[];
  let now = 0;

  beforeEach(() => {
    statements = [];
    committed = [];
    writer = newWriter((connection) => connection);
  });

  afterEach(async () => {
    await writer.close();
    const connection = await database().openWriter();
    await connection.run('DELETE FROM server_key');
    await connection.close();
  });

  function newWriter(wrap: (connection: WriterConnection) => WriterConnection): Writer {
    return new Writer({
      dialect: database().dialect,
      clock: () => (now += 1),
      // A busy machine must not end a group that the test counts on.
      group: { milliseconds: 60_000 },
      open: async () => wrap(recorded(await database().openWriter(), statements)),
      afterCommit: (changes) => committed.push(...changes),
    });
  }

  async function stored(): Promise<string[]> {
    const rows = await database().queries.all<{ name: string }>('SELECT name FROM server_key ORDER BY name');
    return rows.map(({ name }) => name);
  }

  it('commits the jobs that wait together as one group, in their order', async () => {
    await Promise.all(['a', 'b', 'c'].map((name) => writer.submit(insert(name))));
    expect(statements.filter((sql) => sql === 'COMMIT')).to.have.length(1);
    expect(statements.filter((sql) => sql.startsWith('INSERT'))).to.have.length(3);
    expect(await stored()).to.deep.equal(['a', 'b', 'c']);
  });

  it('commits a group of at most 64 jobs', async () => {
    const names = Array.from({ length: 130 }, (_, place) => `n${String(place).padStart(3, '0')}`);
    await Promise.all(names.map((name) => writer.submit(insert(name))));
    expect(statements.filter((sql) => sql === 'COMMIT').length).to.be.at.least(3);
    expect(await stored()).to.deep.equal(names);
  });

  for (const [waiting, groups] of [
    [23, [23]],
    [32, [16, 16]],
    [50, [25, 13, 12]],
    [200, [64, 64, 36, 18, 18]],
  ] as const) {
    it(`leaves half of those who wait to the next group, where they are 24 or more: ${waiting}`, async () => {
      await Promise.all(Array.from({ length: waiting }, (_, place) => writer.submit(insert(`n${place}`))));
      const sizes = [0];
      for (const sql of statements) {
        if (sql === 'COMMIT') sizes.push(0);
        if (sql.startsWith('INSERT')) sizes.push((sizes.pop() ?? 0) + 1);
      }
      expect(sizes).to.deep.equal([...groups, 0]);
    });
  }

  it('gives each job the moment that it begins at, which may be long after its group began', async () => {
    const moments = await Promise.all(
      ['a', 'b'].map((name) =>
        writer.submit(async (context) => {
          await insert(name)(context);
          return context.now;
        }),
      ),
    );
    expect(moments[1]).to.be.above(moments[0] ?? Number.NaN);
    expect(statements.filter((sql) => sql === 'COMMIT')).to.have.length(1);
  });

  it('answers a job after the commit of its group, never before', async () => {
    const seen = await writer.submit(insert('a')).then(() => [...statements]);
    expect(seen.at(-1)).to.equal('COMMIT');
  });

  it('undoes a job that fails after it wrote, and only that one', async () => {
    const results = await Promise.allSettled([
      writer.submit(insert('a')),
      writer.submit(async (context) => {
        await insert('b')(context);
        throw new Failure('precondition', 'no');
      }),
      writer.submit(insert('c')),
    ]);
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).to.deep.equal(['a', 'c']);
  });

  it('undoes a job that breaks a constraint, and only that one', async () => {
    const results = await Promise.allSettled(['a', 'a', 'b'].map((name) => writer.submit(insert(name))));
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    expect(await stored()).to.deep.equal(['a', 'b']);
  });

  it('spends no savepoint on a job that is refused before it wrote', async () => {
    const refused = writer.submit(() => Promise.reject(new Failure('precondition', 'no'))).catch(() => 'refused');
    expect(await Promise.all([writer.submit(insert('a')), refused])).to.deep.equal([undefined, 'refused']);
    expect(statements.filter((sql) => sql === 'SAVEPOINT job')).to.deep.equal([]);
  });

  it('fails a whole group as busy when its commit fails, stores nothing of it, and goes on', async () => {
    let broken = true;
    await writer.close();
    writer = newWriter((connection) => ({
      ...connection,
      run: (sql, bindings) => {
        if (sql !== 'COMMIT' || !broken) return connection.run(sql, bindings);
        broken = false;
        return connection.run('SELECT no_such_function_anywhere()');
      },
    }));
    const results = await Promise.allSettled(['a', 'b'].map((name) => writer.submit(insert(name))));
    for (const result of results) {
      expect(result.status).to.equal('rejected');
      expect(result.status === 'rejected' && result.reason).to.include({ code: 'busy', status: 503 });
    }
    expect(committed).to.deep.equal([]);
    await writer.submit(insert('c'));
    expect(await stored()).to.deep.equal(['c']);
  });

  it('does not say that nothing was stored where the answer to its commit is lost', async () => {
    let lost = false;
    await writer.close();
    writer = newWriter((connection) => ({
      ...connection,
      run: async (sql, bindings) => {
        const changed = await connection.run(sql, bindings);
        if (sql !== 'COMMIT' || lost) return changed;
        lost = true;
        throw new DatabaseError('lost', 'cut');
      },
    }));
    const reason: unknown = await writer.submit(insert('a')).catch((error: unknown) => error);
    expect(reason)
      .to.include({ code: 'busy', status: 503 })
      .and.have.property('message')
      .that.match(/Check whether it was stored/);
    expect(await stored()).to.deep.equal(['a']);
    await writer.submit(insert('b'));
    expect(await stored()).to.deep.equal(['a', 'b']);
  });

  for (const [name, broken] of [
    ['no connection can be opened', { open: true }],
    ['no transaction can be begun', { open: false }],
  ] as const) {
    it(`tells all that wait that it is busy when ${name}, once, and goes on when one can`, async () => {
      let down = true;
      let tries = 0;
      const writing = new Writer({
        dialect: database().dialect,
        clock: () => 42,
        open: async () => {
          if (down && broken.open) {
            tries += 1;
            throw new Error('down');
          }
          const connection = await database().openWriter();
          return {
            ...recorded(connection, statements),
            run: (sql, bindings) => {
              if (!down || sql !== database().dialect.begin) return connection.run(sql, bindings);
              tries += 1;
              return Promise.reject(new DatabaseError('contention', 'locked'));
            },
          };
        },
        afterCommit: () => undefined,
      });
      const results = await Promise.allSettled(['a', 'b'].map((each) => writing.submit(insert(each))));
      expect(results.map((result) => result.status === 'rejected' && result.reason.code)).to.eql(['busy', 'busy']);
      expect(tries).to.equal(1);
      down = false;
      await writing.submit(insert('c'));
      await writing.close();
      expect(await stored()).to.deep.equal(['c']);
    });
  }

  it('tells its listeners of what was stored before the answer, and nothing of what was not', async () => {
    const change = { type: 'T', id: '1', key: 1, before: undefined, after: {}, credentialChanged: false };
    const told = await writer
      .submit(async (context) => {
        await insert('a')(context);
        context.changes.push(change);
      })
      .then(() => [...committed]);
    expect(told).to.deep.equal([change]);
    await writer
      .submit(async (context) => {
        context.changes.push(change);
        throw new Failure('precondition', 'no');
      })
      .catch(() => undefined);
    expect(committed).to.have.length(1);
  });

  it('has the connection settle after the answers, once nobody waits, and goes on where that fails', async () => {
    const events: string[] = [];
    await writer.close();
    writer = newWriter((connection) => ({
      ...connection,
      settle: async () => {
        events.push('settled');
        throw new DatabaseError('failure', 'no room');
      },
    }));
    const answered = (name: string) => writer.submit(insert(name)).then(() => events.push('answered'));
    await Promise.all(['a', 'b'].map(answered));
    await answered('c');
    expect(events.slice(0, 3)).to.deep.equal(['answered', 'answered', 'settled']);
    expect(await stored()).to.deep.equal(['a', 'b', 'c']);
  });

  it('takes what comes while the connection settles, and settles before it closes', async () => {
    const settle: (() => void)[] = [];
    await writer.close();
    writer = newWriter((connection) => ({
      ...connection,
      settle: () => new Promise((resolve) => settle.push(resolve)),
    }));
    await writer.submit(insert('a'));
    await stored();
    const second = writer.submit(insert('b'));
    expect(await stored()).to.deep.equal(['a']);
    settle[0]?.();
    await second;
    let closed = false;
    const closing = writer.close().then(() => {
      closed = true;
    });
    expect(await stored()).to.deep.equal(['a', 'b']);
    expect(closed).to.equal(false);
    settle[1]?.();
    await closing;
    expect(settle).to.have.length(2);
  });

  it('finishes what was submitted before it closes, and takes no more', async () => {
    const last = writer.submit(insert('a'));
    await writer.close();
    await last;
    expect(await stored()).to.deep.equal(['a']);
    const refused: unknown = await writer.submit(insert('b')).catch((error: unknown) => error);
    expect(refused).to.include({ code: 'busy' });
  });
});

function insert(name: string): Job<void> {
  return async ({ connection }) => {
    await connection.run('INSERT INTO server_key (name, value) VALUES (?, ?)', [name, '']);
  };
}

/** A connection that writes down what it is asked. */
function recorded(connection: WriterConnection, statements: string[]): WriterConnection {
  return {
    all: (sql, bindings) => {
      statements.push(sql);
      return connection.all(sql, bindings);
    },
    run: async (sql, bindings) => {
      const changed = await connection.run(sql, bindings);
      statements.push(sql);
      return changed;
    },
    join: (statements) => connection.join(statements),
    close: () => connection.close(),
  };
}
