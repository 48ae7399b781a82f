/** `X-Request-Id`: the caller's own where it is harmless, else a new one; on every answer and in the log. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot, startServer, type TestServer } from '../harness/server.ts';
import { until } from './poll.ts';
import { openRaw } from './raw.ts';

describe('server: X-Request-Id', () => {
  let server: TestServer;
  before(async () => {
    server = await startServer();
  });
  after(() => server.stop());

  const ask = async (id: string | undefined, path = '/Patient') => {
    const headers = id === undefined ? {} : { 'x-request-id': id };
    return (await server.request('GET', path, { as: asRoot, headers })).header('x-request-id');
  };

  for (const id of ['a', '0b6f9d2e-8a4c-4a55-9f0a-7f1d2c3b4a59', 'trace:1.2_3', 'x'.repeat(64)]) {
    it(`${id.slice(0, 40)} is echoed, and logged`, async () => {
      expect(await ask(id)).to.equal(id);
      await until('the line in the log', () => server.output().includes(`"request":"${id}"`));
    });
  }

  for (const id of ['', ' ', 'a b', 'a"b', '{"a":1}', 'ä', 'x'.repeat(65), '<script>', '%0d%0aX: y', '../x', 'a,b']) {
    it(`hostile values: ${JSON.stringify(id.slice(0, 40))} is replaced`, async () => {
      const made = await ask(Buffer.from(id).toString('latin1'));
      expect(made)
        .to.match(/^[\w-]{8,64}$/)
        .and.to.not.equal(id.trim());
      await until('the line in the log', () => server.output().includes(`"request":"${made}"`));
      if (id.trim().length > 2) expect(server.output()).to.not.include(id);
    });
  }

  it('made anew for each request', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => ask(undefined)));
    expect(new Set(ids).size).to.equal(20);
  });

  it('is on failures of every kind', async () => {
    for (const path of ['/Patient/none', '/None', '/auth/none', '/%', '/Patient?nonsense=1']) {
      expect(await ask('mine', path), path).to.equal('mine');
    }
    const anonymous = await server.request('GET', '/Patient', { headers: { 'x-request-id': 'anonymous-1' } });
    expect([anonymous.status, anonymous.header('x-request-id')]).to.deep.equal([401, 'anonymous-1']);
  });

  it('CRLF in headers: a second one is not smuggled into the answer, and the request is refused', async () => {
    for (const end of ['\r', '\n', '\r\n ', '\0']) {
      const raw = await openRaw(server.port);
      raw.send(`GET /health HTTP/1.1\r\nHost: x\r\nX-Request-Id: a${end}X-Evil: 1\r\nConnection: close\r\n\r\n`);
      const answer = await raw.rest();
      expect(answer, JSON.stringify(end)).to.match(/^HTTP\/1\.1 400 /);
      expect(answer).to.not.match(/^x-evil/im);
    }
  });
});
