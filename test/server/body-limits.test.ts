/** MAX_BODY counts inflated bytes; a compressed, damaged or wrongly measured body is refused, and nothing more. */
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { openRaw, postHead, ROOT_AUTHORIZATION } from './raw.ts';

const LIMIT = 4096;
/** A Patient of exactly so many bytes. */
function patient(size: number): string {
  const frame = '{"name":[{"text":""}]}';
  return frame.replace('""', `"${'x'.repeat(size - frame.length)}"`);
}

describe('server: body limits', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer({ MAX_BODY: '4kb' });
  });
  after(() => server.stop());

  const post = (body: string | Buffer, encoding?: string, type = 'application/json') =>
    server.request('POST', '/Patient', {
      as: asRoot,
      body,
      headers: { 'content-type': type, ...(encoding === undefined ? {} : { 'content-encoding': encoding }) },
    });

  const BOMB = gzipSync(Buffer.alloc(8 * 1024 * 1024, 0x20));
  const ROWS: [name: string, body: string | Buffer, encoding: string | undefined, status: number][] = [
    ['as large as may be', patient(LIMIT), undefined, 201],
    ['a byte larger', patient(LIMIT + 1), undefined, 413],
    ['gzip, as large as may be inflated', gzipSync(patient(LIMIT)), 'gzip', 201],
    ['gzip, a byte larger inflated', gzipSync(patient(LIMIT + 1)), 'gzip', 413],
    ['deflate', deflateSync(patient(LIMIT)), 'deflate', 201],
    ['deflate, larger inflated', deflateSync(patient(LIMIT + 1)), 'deflate', 413],
    ['gzip bomb', BOMB, 'gzip', 413],
    ['gzip that is none', '{}', 'gzip', 400],
    ['gzip that ends early', gzipSync(patient(2000)).subarray(0, -12), 'gzip', 400],
    ['gzip with a wrong checksum', damaged(gzipSync(patient(2000))), 'gzip', 400],
    ['br that is none', '{"active":[[]]}', 'br', 400],
    ['br that ends early', brotliCompressSync(patient(2000)).subarray(0, -12), 'br', 400],
    ['an encoding that is not known', '{}', 'zstd-of-mine', 415],
    ['two encodings', gzipSync(gzipSync('{}')), 'gzip, gzip', 415],
    ['identity', '{}', 'identity', 201],
  ];
  for (const [name, body, encoding, status] of ROWS) {
    it(`${name}: ${status}`, async () => {
      const reply = await post(body, encoding);
      expect(reply.status, reply.text.slice(0, 300)).to.equal(status);
      if (status > 201) expect(reply.at('resourceType')).to.equal('OperationOutcome');
      expect((await server.request('GET', '/health')).status).to.equal(200);
    });
  }

  it('brotli is inflated within the limit, or refused', async () => {
    const reply = await post(brotliCompressSync(Buffer.alloc(8 * 1024 * 1024, 0x20)), 'br');
    expect(reply.status).to.be.oneOf([413, 415]);
  });

  it('the limit holds for YAML, for forms and for the token endpoint', async () => {
    expect((await post(`name:\n- text: ${'x'.repeat(LIMIT)}\n`, undefined, 'text/yaml')).status).to.equal(413);
    const search = await server.request('POST', '/Patient/_search', { as: asRoot, form: `name=${'x'.repeat(LIMIT)}` });
    expect(search.status).to.equal(413);
    const token = await server.request('POST', '/auth/token', { form: `grant_type=${'x'.repeat(LIMIT)}` });
    expect(token.status).to.be.within(400, 413);
    expect(token.body).to.have.property('error');
  });

  describe('lengths', () => {
    const JSON_TYPE = 'Content-Type: application/json';
    const send = async (headers: string[], body: string) => {
      const raw = await openRaw(server.port);
      raw.send(postHead('/Patient', [JSON_TYPE, 'Connection: close', ...headers]) + body);
      return { raw, status: async () => Number(/^HTTP\/1\.1 (\d+)/.exec(await raw.rest())?.[1]) };
    };

    it('a declared one beyond the limit is refused before the body comes', async () => {
      const { status } = await send(['Content-Length: 1000000000'], '');
      expect(await status()).to.equal(413);
    });

    it('chunks beyond the limit are refused before their end', async () => {
      const { status } = await send(['Transfer-Encoding: chunked'], `2000\r\n${' '.repeat(0x2000)}\r\n`);
      expect(await status()).to.equal(413);
    });

    it('RFC 9112 §9.6: who sends all before it looks at the answer does not lose it', async () => {
      const raw = await openRaw(server.port);
      raw.socket.pause();
      const size = 16 * 1024 * 1024;
      raw.send(postHead('/Patient', [JSON_TYPE, `Content-Length: ${size}`]));
      for (let sent = 0; sent < size; sent += LIMIT) {
        await new Promise((resolve) => {
          raw.socket.write(' '.repeat(LIMIT), resolve);
        });
      }
      raw.socket.resume();
      expect(await raw.rest())
        .to.match(/^HTTP\/1\.1 413 /)
        .and.include('too-long');
    });

    it('what follows one that was refused is not done', async () => {
      await server.request('PUT', '/Patient/kept', { as: asRoot, json: {} });
      const raw = await openRaw(server.port, true);
      raw.send(postHead('/Patient', [JSON_TYPE, `Content-Length: ${LIMIT * 2}`]));
      await raw.received(/too-long/);
      const next = ['DELETE /Patient/kept HTTP/1.1', 'Host: x', ROOT_AUTHORIZATION, '', ''].join('\r\n');
      raw.send(`${' '.repeat(LIMIT * 2)}${next}`);
      raw.socket.end();
      expect((await raw.rest()).match(/HTTP\/1\.1/g)).to.have.length(1);
      await server.request('PUT', '/Patient/after', { as: asRoot, json: {} });
      expect((await server.request('GET', '/Patient/kept', { as: asRoot })).status).to.equal(200);
    });

    it('who sends on and on is cut off', async () => {
      const raw = await openRaw(server.port, true);
      raw.send(postHead('/Patient', [JSON_TYPE, 'Content-Length: 1000000000']));
      const piece = Buffer.alloc(1024 * 1024, 0x20);
      let sent = 0;
      for (; !raw.socket.destroyed && sent < 500; sent += 1) {
        await new Promise((resolve) => {
          raw.socket.write(piece, resolve);
        });
      }
      expect(sent).to.be.within(64, 499);
    });

    it('Content-Length mismatch: fewer bytes, then the end, change nothing', async () => {
      const count = async () => (await server.request('GET', '/Patient?_summary=count', { as: asRoot })).at('total');
      const before = await count();
      const { raw } = await send(['Content-Length: 40'], '{"active":true}');
      raw.socket.end();
      expect(await raw.rest()).to.not.match(/^HTTP\/1\.1 2/);
      expect(await count()).to.equal(before);
    });

    it('Content-Length mismatch: more bytes are no second request that is served', async () => {
      const { raw } = await send(['Content-Length: 2'], '{}GET /Client HTTP/1.1\r\nHost: x\r\n\r\n');
      expect((await raw.rest()).match(/HTTP\/1\.1/g)).to.have.length(1);
    });

    it('Content-Length and Transfer-Encoding together are refused', async () => {
      const { status } = await send(['Content-Length: 2', 'Transfer-Encoding: chunked'], '2\r\n{}\r\n0\r\n\r\n');
      expect(await status()).to.equal(400);
    });

    for (const length of ['-1', '2, 3', 'two', '0x2', '99999999999999999999999']) {
      it(`Content-Length: ${length} is refused`, async () => {
        const { status } = await send([`Content-Length: ${length}`], '{}');
        expect(await status()).to.be.oneOf([400, 413]);
      });
    }
  });
});

/** The checksum of a gzip file stands 8 bytes before its end (RFC 1952 §2.3.1). */
function damaged(gzip: Buffer): Buffer {
  const at = gzip.length - 8;
  gzip.writeUInt8(gzip.readUInt8(at) ^ 0xff, at);
  return gzip;
}
