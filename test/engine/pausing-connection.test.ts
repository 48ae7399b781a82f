/** Searches pause for what must not overlap any of them. */
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { endOfTurn } from '../../resources/pace/tick.ts';
import { PausingConnection } from '../../resources/reading/pausing-connection.ts';

/** Queries that end when the test says so. */
function queries() {
  const ends: (() => void)[] = [];
  const all = <Row>() => new Promise<Row[]>((resolve) => void ends.push(() => resolve([])));
  const connection = new PausingConnection({ all, run: async () => 0 });
  return { connection, ends };
}

describe('A connection that pauses', () => {
  it('pauses at once where nothing runs', () => {
    const { connection } = queries();
    expect(connection.pause()).to.be.a('function');
    connection.close();
  });

  it('pauses once the running query has ended; the next one begins after the pause', async () => {
    const { connection, ends } = queries();
    const first = connection.all('SELECT 1');
    await endOfTurn();
    expect(connection.pause()).to.equal(undefined);
    const second = connection.all('SELECT 2');
    ends[0]?.();
    await first;
    await endOfTurn();
    expect(ends, 'begun').to.have.lengthOf(1);
    const end = connection.pause();
    end?.();
    await endOfTurn();
    expect(ends, 'begun after the pause').to.have.lengthOf(2);
    ends[1]?.();
    await second;
  });

  it('is not asked for another pause soon after, nor once it is closed', async () => {
    const { connection } = queries();
    connection.pause()?.();
    expect(connection.pause()).to.equal(undefined);
    const { connection: closed } = queries();
    closed.close();
    expect(closed.pause()).to.equal(undefined);
  });
});
