/** `If-Match` and `If-None-Match` of writes (RFC 9110 §13.1, FHIR R4 §3.1.0.5). */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

type State = 'missing' | 'current' | 'deleted';
type Row = [header: string, value: string, put: Record<State, number>, remove: Record<State, number>];

const MATCH = 'if-match';
const NONE = 'if-none-match';
/** The current version is 2, of which version 1 was another; the deletion is version 3. */
const ROWS: Row[] = [
  [MATCH, 'W/"2"', { missing: 412, current: 200, deleted: 412 }, { missing: 412, current: 204, deleted: 412 }],
  [MATCH, '"2"', { missing: 412, current: 200, deleted: 412 }, { missing: 412, current: 204, deleted: 412 }],
  [MATCH, 'W/"1"', { missing: 412, current: 412, deleted: 412 }, { missing: 412, current: 412, deleted: 412 }],
  [MATCH, 'W/"3"', { missing: 412, current: 412, deleted: 412 }, { missing: 412, current: 412, deleted: 412 }],
  [MATCH, 'W/"1", W/"2"', { missing: 412, current: 200, deleted: 412 }, { missing: 412, current: 204, deleted: 412 }],
  [MATCH, 'W/"1","7"', { missing: 412, current: 412, deleted: 412 }, { missing: 412, current: 412, deleted: 412 }],
  [MATCH, '*', { missing: 412, current: 200, deleted: 412 }, { missing: 412, current: 204, deleted: 412 }],
  [MATCH, 'W/"two"', { missing: 412, current: 412, deleted: 412 }, { missing: 412, current: 412, deleted: 412 }],
  [MATCH, 'W/"02"', { missing: 412, current: 412, deleted: 412 }, { missing: 412, current: 412, deleted: 412 }],
  [MATCH, '2', { missing: 400, current: 400, deleted: 400 }, { missing: 400, current: 400, deleted: 400 }],
  [MATCH, 'W/2', { missing: 400, current: 400, deleted: 400 }, { missing: 400, current: 400, deleted: 400 }],
  [MATCH, 'W/"2', { missing: 400, current: 400, deleted: 400 }, { missing: 400, current: 400, deleted: 400 }],
  [MATCH, '"2" or so', { missing: 400, current: 400, deleted: 400 }, { missing: 400, current: 400, deleted: 400 }],
  [NONE, '*', { missing: 201, current: 412, deleted: 201 }, { missing: 204, current: 412, deleted: 204 }],
  [NONE, 'W/"2"', { missing: 201, current: 412, deleted: 201 }, { missing: 204, current: 412, deleted: 204 }],
  [NONE, 'W/"1"', { missing: 201, current: 200, deleted: 201 }, { missing: 204, current: 204, deleted: 204 }],
  [NONE, 'nonsense', { missing: 400, current: 400, deleted: 400 }, { missing: 400, current: 400, deleted: 400 }],
];

describe('resources: preconditions', () => {
  let server: ClockedServer;
  let path: string;
  let count = 0;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());
  beforeEach(() => {
    count += 1;
    path = `/Patient/p${count}`;
  });

  const call = (method: string, json?: unknown, headers = {}) =>
    server.request(method, path, { as: asRoot, headers, ...(json === undefined ? {} : { json }) });

  async function arrange(state: State): Promise<string | undefined> {
    if (state === 'missing') return undefined;
    await call('PUT', { gender: 'male' });
    await call('PUT', { gender: 'female' });
    if (state === 'deleted') await call('DELETE');
    return latest();
  }
  const latest = async () => (await server.request('GET', `${path}/_history?_count=1`, { as: asRoot })).text;

  for (const [header, value, put, remove] of ROWS) {
    for (const state of ['missing', 'current', 'deleted'] as const) {
      it(`${header}: ${value} on PUT to a ${state} one: ${put[state]}`, async () => {
        const before = await arrange(state);
        const reply = await call('PUT', { gender: 'other' }, { [header]: value });
        expect(reply.status, reply.text).to.equal(put[state]);
        if (put[state] === 412) expect(reply.at('issue.0.code')).to.equal('conflict');
        if (put[state] >= 400 && before !== undefined) expect(await latest()).to.equal(before);
      });

      it(`${header}: ${value} on DELETE of a ${state} one: ${remove[state]}`, async () => {
        const before = await arrange(state);
        const reply = await call('DELETE', undefined, { [header]: value });
        expect(reply.status, reply.text).to.equal(remove[state]);
        if (remove[state] >= 400 && before !== undefined) expect(await latest()).to.equal(before);
      });
    }
  }

  it('an unchanged body does not pass a stale If-Match', async () => {
    await arrange('current');
    expect((await call('PUT', { gender: 'female' }, { 'if-match': 'W/"1"' })).status).to.equal(412);
    expect((await call('PUT', { gender: 'female' }, { 'if-match': 'W/"2"' })).header('etag')).to.equal('W/"2"');
  });

  it('both hold or the write is refused', async () => {
    await arrange('current');
    const both = { 'if-match': 'W/"2"', 'if-none-match': 'W/"2"' };
    expect((await call('PUT', { gender: 'other' }, both)).status).to.equal(412);
    const fine = { 'if-match': 'W/"2"', 'if-none-match': 'W/"1"' };
    expect((await call('PUT', { gender: 'other' }, fine)).status).to.equal(200);
  });
});
