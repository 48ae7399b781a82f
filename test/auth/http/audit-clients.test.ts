/** Whom the audit names of Clients that were refused, and refusals that are no error to whoever asked. */
import { expect } from 'chai';
import { generateKeyPair, SignJWT } from 'jose';
import { after, before, describe, it } from 'mocha';
import { until } from '../../server/poll.ts';
import { type Api, startApi } from './api.ts';
import { browserOf, CHALLENGE } from './browser.ts';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const CALLBACK = 'https://app.example/callback';
const app = { client_id: 'app', client_secret: 'app-secret' };
const other = { client_id: 'other', client_secret: 'other-secret' };

interface Event {
  outcome: string;
  outcomeDesc: string;
  agent: { altId?: string }[];
  entity?: { what?: { reference: string }; name?: string }[];
}

describe('auth: audit of Clients that were refused', () => {
  let api: Api;
  let last = 0;
  before(async () => {
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.1' });
    const auth = { authorization_code: { redirect_uris: [CALLBACK] } };
    const grants = { grant_types: ['client_credentials', 'authorization_code'], auth };
    await api.put('/Client/app', { ...grants, secret: app.client_secret });
    await api.put('/Client/other', { ...grants, secret: other.client_secret });
    await api.put('/User/ann', { userName: 'ann', password: 'correct-horse' });
  });
  after(() => api.stop());

  const fresh = () => {
    last += 1;
    return `10.3.0.${last}`;
  };
  const events = async (kind: string, more: string): Promise<Event[]> => {
    let found: unknown[] = [];
    await until(`an event ${kind} with ${more}`, async () => {
      api.pass(11);
      found = await api.found(`/AuditEvent?subtype=${kind}&${more}`);
      return found.length > 0;
    });
    return found as Event[];
  };
  const named = async (kind: string, address: string) => {
    const found = await events(kind, `address=${address}`);
    return found.map(({ agent, entity }) => [agent.map(({ altId }) => altId ?? '').join(), entity?.[0]?.name ?? '']);
  };
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

  it('a refused assertion names its Client, where there is one', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    for (const [subject, name] of [
      ['app', 'Client/app'],
      ['nobody', ''],
    ]) {
      const assertion = new SignJWT({ iss: `${subject}`, sub: `${subject}` }).setProtectedHeader({ alg: 'ES256' });
      const signed = { client_assertion_type: TYPE, client_assertion: await assertion.sign(privateKey) };
      const address = fresh();
      await api.token({ grant_type: 'client_credentials', ...signed }, from(address));
      expect(await named('token-refused', address)).to.eql([[name, '']]);
      const asking = fresh();
      await api.request('POST', '/auth/introspect', { form: { ...signed, token: 'x' }, ...from(asking) });
      expect(await named('denied', asking)).to.eql([[name, 'POST /auth/introspect']]);
    }
  });

  it('Credentials without a scheme name their Client at the token endpoint', async () => {
    const address = fresh();
    const headers = { 'x-forwarded-for': address, authorization: Buffer.from('app:wrong').toString('base64') };
    await api.token({ grant_type: 'client_credentials' }, { headers });
    expect(await named('token-refused', address)).to.eql([['Client/app', '']]);
  });

  for (const [method, path, asked] of [
    ['GET', '/Patient', 'GET Patient'],
    ['POST', '/auth/introspect', 'POST /auth/introspect'],
    ['POST', '/auth/revoke', 'POST /auth/revoke'],
  ] as const) {
    it(`a wrong secret names its Client: ${method} ${path}`, async () => {
      const sent = method === 'POST' ? { form: { token: 'x' } } : {};
      for (const [id, name] of [
        ['app', 'Client/app'],
        ['no-client-but-maybe-a-secret', ''],
      ] as const) {
        const address = fresh();
        const reply = await api.request(method, path, { as: { basic: [id, 'wrong'] }, ...sent, ...from(address) });
        expect(reply.status).to.equal(401);
        expect(await named('denied', address)).to.eql([[name, asked]]);
      }
    });
  }

  it('a token of another Client: neither its revocation nor its introspection goes untold', async () => {
    const token = (await api.granted({ grant_type: 'client_credentials', ...app })).string('access_token');
    for (const path of ['/auth/revoke', '/auth/introspect']) {
      const address = fresh();
      await api.request('POST', path, { form: { ...other, token }, ...from(address) });
      const [event, ...more] = await events('denied', `address=${address}`);
      expect(more).to.eql([]);
      expect(event?.agent[0]?.altId).to.equal('Client/other');
      expect(event?.entity?.[0]?.name).to.equal(`POST ${path}`);
      expect(event?.entity?.[0]?.what?.reference).to.match(/^Session\//);
    }
  });

  it('a lockout at the page to sign in names the account and the app, as that of the token endpoint does', async () => {
    const query = { response_type: 'code', client_id: 'app', redirect_uri: CALLBACK };
    const open = { ...query, code_challenge: CHALLENGE, code_challenge_method: 'S256' };
    for (const [username, names] of [
      ['ANN', 'User/ann,Client/app'],
      ['nobody-but-maybe-a-password', 'Client/app'],
    ] as const) {
      const address = fresh();
      const browser = browserOf({
        request: (method, path, options) =>
          api.request(method, path, { ...options, headers: { ...options?.headers, 'x-forwarded-for': address } }),
      });
      const page = await browser.open(open);
      for (let attempt = 0; attempt < 10; attempt += 1) await browser.signIn(page, username, 'wrong');
      expect((await browser.signIn(page, username, 'wrong')).status).to.equal(429);
      expect(await named('locked-out', address)).to.eql([[names, 'POST /auth/authorize']]);
    }
  });

  it('a person who does not let an app in', async () => {
    const query = { response_type: 'code', client_id: 'app', redirect_uri: CALLBACK };
    const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
    const browser = browserOf(api);
    const open = () => browser.open({ ...query, ...pkce });
    await browser.send(await open(), { answer: 'deny' });
    const told = async () => (await api.found('/AuditEvent?subtype=token-refused')) as unknown as Event[];
    const denied = async () => (await told()).filter(({ outcomeDesc }) => outcomeDesc === 'access_denied');
    await until('an event', async () => {
      api.pass(11);
      return (await denied()).length === 1;
    });
    await browser.send(await browser.signIn(await open()), { answer: 'deny' });
    await until('an event', async () => {
      api.pass(11);
      return (await denied()).length === 2;
    });
    const agents = (await denied()).map(({ agent }) => agent.map(({ altId }) => altId).join()).sort();
    expect(agents).to.eql(['Client/app', 'User/ann,Client/app']);
  });
});
