/** Callers who come together are let in first, then served in portions: the turns of the event loop stay short. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Agent } from 'node:http';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Reply, request } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';

const CROWD = 200;

/** What Node tells of each connection that it lets in, and of each answer that is given. */
const LET_IN = 'net.server.socket';
const ANSWERED = 'http.server.response.finish';

describe('server: the admission queue', () => {
  let server: ClockedServer;
  let agent: Agent;
  before(async () => {
    server = await startClockedServer();
    agent = new Agent({ keepAlive: true, maxSockets: CROWD, maxFreeSockets: CROWD });
  });
  after(async () => {
    agent.destroy();
    await server.stop();
  });

  const crowd = (): Promise<Reply[]> =>
    Promise.all(Array.from({ length: CROWD }, () => request(server.url, agent, 'GET', '/no/such/address/here')));

  it('many callers connect at once, and all are let in before the first is answered', async () => {
    let letIn = 0;
    const before: number[] = [];
    const count = () => {
      letIn += 1;
    };
    const note = () => before.push(letIn);
    subscribe(LET_IN, count);
    subscribe(ANSWERED, note);
    const replies = await crowd();
    unsubscribe(LET_IN, count);
    unsubscribe(ANSWERED, note);
    expect(new Set(replies.map(({ status }) => status))).to.deep.equal(new Set([404]));
    expect([before[0], before.length]).to.deep.equal([CROWD, CROWD]);
  });

  it('a crowd that is in is not answered in one turn of the event loop', async () => {
    const turns: number[] = [];
    let counted = false;
    const note = () => {
      if (!counted) {
        turns.push(0);
        counted = true;
        setImmediate(() => {
          counted = false;
        });
      }
      turns.push((turns.pop() ?? 0) + 1);
    };
    subscribe(ANSWERED, note);
    await crowd();
    unsubscribe(ANSWERED, note);
    expect(turns.reduce((sum, turn) => sum + turn, 0)).to.equal(CROWD);
    // Node tells of some in the turn after.
    expect(Math.max(...turns)).to.be.at.most(2 * 64);
  });
});
