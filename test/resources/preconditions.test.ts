/** `If-Match`, `If-Unmodified-Since` and `If-None-Match` (RFC 9110 §13.1, FHIR R4 §3.1.0.5). */
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

  it('if-unmodified-since holds up to the second of the current version, and where there is none', async () => {
    const at = (later: number) => new Date(server.now() + 1000 * later).toUTCString();
    const put = async (since: string, more = {}) => {
      const reply = await call('PUT', { gender: 'other' }, { 'if-unmodified-since': since, ...more });
      return reply.status;
    };
    for (const state of ['missing', 'deleted'] as const) {
      await arrange(state);
      expect(await put(at(-100)), state).to.equal(201);
      count += 1;
      path = `/Patient/p${count}`;
    }
    await arrange('current');
    const modified = (await call('GET')).header('last-modified') ?? '';
    const before = new Date(Date.parse(modified) - 1000).toUTCString();
    expect(await put(before)).to.equal(412);
    expect((await call('DELETE', undefined, { 'if-unmodified-since': before })).status).to.equal(412);
    expect((await call('GET', undefined, { 'if-unmodified-since': before })).status).to.equal(412);
    expect((await call('GET', undefined, { 'if-unmodified-since': modified })).status).to.equal(200);
    expect(await put(before, { 'if-match': 'W/"1"' }), 'If-Match goes first').to.equal(412);
    expect(await put('yesterday'), 'what is no date is not sent').to.equal(200);
    expect(await put(before, { 'if-match': 'W/"3"' }), 'If-Match goes first').to.equal(200);
    expect(await put((await call('GET')).header('last-modified') ?? '')).to.equal(200);
  });

  for (const at of ['', '/_history/2']) {
    it(`if-match of a read${at}: another version is 412`, async () => {
      await arrange('current');
      const get = async (headers: Record<string, string>) =>
        (await server.request('GET', `${path}${at}`, { as: asRoot, headers })).status;
      expect(await get({ 'if-match': 'W/"2"' })).to.equal(200);
      expect(await get({ 'if-match': '*' })).to.equal(200);
      expect(await get({ 'if-match': 'W/"1"' })).to.equal(412);
      expect(await get({ 'if-match': 'W/"1"', 'if-none-match': 'W/"2"' })).to.equal(412);
      expect(await get({ 'if-match': 'W/"2"', 'if-none-match': 'W/"2"' })).to.equal(304);
      expect(await get({ 'if-match': '2' })).to.equal(400);
    });
  }

  it('both hold or the write is refused', async () => {
    await arrange('current');
    const both = { 'if-match': 'W/"2"', 'if-none-match': 'W/"2"' };
    expect((await call('PUT', { gender: 'other' }, both)).status).to.equal(412);
    const fine = { 'if-match': 'W/"2"', 'if-none-match': 'W/"1"' };
    expect((await call('PUT', { gender: 'other' }, fine)).status).to.equal(200);
  });
});
