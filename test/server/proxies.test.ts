/** The address of a caller: `X-Forwarded-For` counts where a trusted proxy sent it, and only as far as it can be. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const TRUSTING: [forwarded: string | undefined, address: string][] = [
  [undefined, '127.0.0.1'],
  ['', '127.0.0.1'],
  ['203.0.113.7', '203.0.113.7'],
  ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
  ['198.51.100.1, 203.0.113.7, 10.1.2.3', '203.0.113.7'],
  ['198.51.100.1,10.1.2.3,203.0.113.7,10.9.9.9', '203.0.113.7'],
  ['10.1.2.3', '10.1.2.3'],
  ['2001:db8::7', '2001:db8::7'],
  ['2001:db8::7, fd00::1', '2001:db8::7'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:41234', '203.0.113.7'],
  ['203.0.113.7:41234, 10.1.2.3:80', '203.0.113.7'],
  ['[2001:db8::7]:41234', '2001:db8::7'],
  ['[2001:db8::7]', '2001:db8::7'],
];
const NONSENSE = [
  'unknown',
  'evil.example',
  '<script>',
  '203.0.113.7:8080, junk',
  '1.2.3',
  '1.2.3:80',
  '[junk]:80',
  '" OR 1=1 --',
];

describe('server: trusted proxies', () => {
  let trusting: ClockedServer;
  let plain: ClockedServer;
  before(async () => {
    trusting = await startClockedServer({ TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8,fd00::/8' });
    plain = await startClockedServer();
  });
  after(() => Promise.all([trusting.stop(), plain.stop()]));

  /** The address that the Session of a new token has. */
  async function addressOf(server: ClockedServer, forwarded: string | undefined): Promise<unknown> {
    const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    server.pass(1);
    const form = 'grant_type=client_credentials';
    const token = await server.request('POST', '/auth/token', { as: asRoot, headers, form });
    expect(token.status, token.text).to.equal(200);
    const path = '/Session?_sort=-_lastUpdated&_count=1';
    return (await server.request('GET', path, { as: asRoot })).at('entry.0.resource.ip');
  }

  for (const [forwarded, address] of TRUSTING) {
    it(`X-Forwarded-For: ${forwarded ?? 'none'}, from a trusted proxy: ${address}`, async () => {
      expect(await addressOf(trusting, forwarded)).to.equal(address);
    });

    const title = `${forwarded ?? 'none'} of anyone else counts for nothing`;
    it(`RFC 9700 §4.13: X-Forwarded-For injection into limits and Sessions: ${title}`, async () => {
      expect(await addressOf(plain, forwarded)).to.equal('127.0.0.1');
    });
  }

  for (const forwarded of NONSENSE) {
    it(`X-Forwarded-For: ${forwarded} is no address, so that the proxy's own holds`, async () => {
      expect(await addressOf(trusting, forwarded)).to.equal('127.0.0.1');
    });
  }
});
