/** `If-None-Match` and `If-Modified-Since` of reads: 304 where the caller has it (RFC 9110 §13.1.2, §13.1.3). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

describe('resources: freshness', () => {
  let server: ClockedServer;
  let modified: string;
  before(async () => {
    server = await startClockedServer();
    await server.request('PUT', '/Patient/p', { as: asRoot, json: { gender: 'male' } });
    server.pass(60);
    const reply = await server.request('PUT', '/Patient/p', { as: asRoot, json: { gender: 'female' } });
    modified = reply.header('last-modified');
  });
  after(() => server.stop());

  const shifted = (seconds: number) => new Date(Date.parse(modified) + seconds * 1000).toUTCString();
  /** A date of HTTP in the two forms that are still to be read (RFC 9110 §5.6.7). */
  function obsolete(date: string): { rfc850: string; asctime: string } {
    const [day = '', number = '', month = '', year = '', time = ''] = date.replace(',', '').split(' ');
    const weekday = new Date(date).toLocaleDateString('en-US', { weekday: 'long', timeZone: 'UTC' });
    const rfc850 = `${weekday}, ${number}-${month}-${year.slice(2)} ${time} GMT`;
    return { rfc850, asctime: `${day} ${month} ${number.replace(/^0/, ' ')} ${time} ${year}` };
  }
  const ROWS: [name: string, headers: () => Record<string, string>, status: number][] = [
    ['the tag', () => ({ 'if-none-match': 'W/"2"' }), 304],
    ['the tag as a strong one', () => ({ 'if-none-match': '"2"' }), 304],
    ['a list with the tag', () => ({ 'if-none-match': 'W/"1", W/"2"' }), 304],
    ['any', () => ({ 'if-none-match': '*' }), 304],
    ['an older tag', () => ({ 'if-none-match': 'W/"1"' }), 200],
    ['the tag without quotes', () => ({ 'if-none-match': '2' }), 200],
    ['the time', () => ({ 'if-modified-since': modified }), 304],
    ['a later time', () => ({ 'if-modified-since': shifted(3600) }), 304],
    ['an earlier time', () => ({ 'if-modified-since': shifted(-1) }), 200],
    ['the time in the form of RFC 850', () => ({ 'if-modified-since': obsolete(modified).rfc850 }), 304],
    ['an earlier time in the form of RFC 850', () => ({ 'if-modified-since': obsolete(shifted(-1)).rfc850 }), 200],
    ['the time in the form of asctime', () => ({ 'if-modified-since': obsolete(modified).asctime }), 304],
    ['an earlier time in the form of asctime', () => ({ 'if-modified-since': obsolete(shifted(-1)).asctime }), 200],
    ['no time at all', () => ({ 'if-modified-since': 'yesterday, or so' }), 200],
    ['an instant, which is no date of HTTP', () => ({ 'if-modified-since': '2100-01-01T00:00:00.000Z' }), 200],
    ['a number, which is no date of HTTP', () => ({ 'if-modified-since': '2100' }), 200],
    ['a day that does not exist', () => ({ 'if-modified-since': 'Tue, 30 Feb 2100 00:00:00 GMT' }), 200],
    [
      'an older tag and the time: the tag decides',
      () => ({ 'if-none-match': 'W/"1"', 'if-modified-since': modified }),
      200,
    ],
    [
      'the tag and an earlier time: the tag decides',
      () => ({ 'if-none-match': 'W/"2"', 'if-modified-since': shifted(-1) }),
      304,
    ],
  ];
  for (const [name, headers, status] of ROWS) {
    for (const method of ['GET', 'HEAD']) {
      it(`${method} with ${name}: ${status}`, async () => {
        const reply = await server.request(method, '/Patient/p', { as: asRoot, headers: headers() });
        expect(reply.status).to.equal(status);
        expect(reply.header('etag')).to.equal('W/"2"');
        expect(reply.header('last-modified')).to.equal(modified);
        if (status === 304 || method === 'HEAD') expect(reply.text).to.equal('');
        else expect(reply.string('gender')).to.equal('female');
      });
    }
  }

  it('ifModifiedSince of an entry is an instant, to the millisecond', async () => {
    const began = Date.UTC(2030, 0, 31, 12, 0, 51, 93);
    const still = await startClockedServer({}, undefined, () => began);
    try {
      await still.request('PUT', '/Patient/p', { as: asRoot, json: { gender: 'male' } });
      still.pass(0.019);
      await still.request('PUT', '/Patient/p', { as: asRoot, json: { gender: 'female' } });
      for (const [ifModifiedSince, status] of [
        ['2030-01-31T12:00:51.093Z', '200'],
        ['2030-01-31T12:00:51.112Z', '304'],
        ['2030-01-31T13:00:51.112+01:00', '304'],
        ['2030-02-30T00:00:00Z', '200'],
      ] as const) {
        const entry = [{ request: { method: 'GET', url: 'Patient/p', ifModifiedSince } }];
        const json = { resourceType: 'Bundle', type: 'batch', entry };
        const reply = await still.request('POST', '/', { as: asRoot, json });
        expect(reply.string('entry.0.response.status').slice(0, 3), ifModifiedSince).to.equal(status);
      }
    } finally {
      await still.stop();
    }
  });

  it('a version is fresh by its own tag', async () => {
    const read = (tag: string) =>
      server.request('GET', '/Patient/p/_history/1', { as: asRoot, headers: { 'if-none-match': tag } });
    expect((await read('W/"1"')).status).to.equal(304);
    expect((await read('W/"2"')).status).to.equal(200);
  });

  it('who may not read is not told that it is fresh', async () => {
    const reply = await server.request('GET', '/Patient/p', { headers: { 'if-none-match': 'W/"2"' } });
    expect(reply.status).to.equal(401);
  });
});
