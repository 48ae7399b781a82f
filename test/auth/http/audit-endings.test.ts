/** What the audit tells of a Session that ended before its time: why, and who asked for it from where. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply, RequestOptions } from '../../harness/http.ts';
import { asRoot } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';
import { type Api, type Form, startApi } from './api.ts';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from './browser.ts';

const CALLBACK = 'https://app.example/callback';
const PASSWORD = 'correct-horse';
const LOGOUT = '110123';
const granting = { refresh_token: true, secret_required: false };
const CLIENT = {
  jwks_uri: 'https://a.example/jwks',
  grant_types: ['password', 'authorization_code'],
  first_party: true,
  auth: { password: granting, authorization_code: { ...granting, redirect_uris: [CALLBACK] } },
};

interface Event {
  type: { code: string };
  subtype: { system: string; code: string }[];
  outcome: string;
  agent: { altId?: string; requestor: boolean; network?: { address: string } }[];
}

/** A Session with the accounts that it is of, which have no other. */
interface Begun {
  client: string;
  user: string;
  id: string;
  accessToken: string;
  refreshToken: string;
  code: string;
}

describe('auth: audit of Sessions that ended', () => {
  let api: Api;
  let last = 0;
  const begunAt = Date.now();
  before(async () => {
    // The clock stands still, so that nothing is written before the test lets time pass.
    api = await startApi({ TRUSTED_PROXIES: '127.0.0.1' }, () => begunAt);
    await api.put('/Client/other', CLIENT);
    const matcho = { operation: { id: 'Session.patch' } };
    await api.put('/AccessPolicy/anybody', { engine: 'matcho', matcho });
  });
  after(() => api.stop());

  const begin = async (): Promise<Begun> => {
    last += 1;
    const [client, user] = [`app-${last}`, `ann-${last}`];
    await api.put(`/Client/${client}`, CLIENT);
    await api.put(`/User/${user}`, { userName: user, password: PASSWORD });
    const query = { response_type: 'code', client_id: client, redirect_uri: CALLBACK, code_challenge: CHALLENGE };
    const browser = browserOf(api);
    const page = await browser.open({ ...query, code_challenge_method: 'S256' });
    const code = codeIn(await browser.signIn(page, user, PASSWORD));
    const reply = await api.granted(exchange(client, code));
    const [session] = await api.found(`/Session?client=Client/${client}`);
    const [accessToken, refreshToken] = [reply.string('access_token'), reply.string('refresh_token')];
    return { client, user, id: String(session?.['id']), accessToken, refreshToken, code };
  };
  const exchange = (client_id: string, code: string): Form => {
    return { grant_type: 'authorization_code', client_id, redirect_uri: CALLBACK, code, code_verifier: VERIFIER };
  };
  const told = async (query: string): Promise<Event[]> => {
    let found: unknown[] = [];
    const isTold = async () => {
      api.pass(11);
      found = await api.found(`/AuditEvent?${query}`);
      return found.length > 0;
    };
    await until(`an event ${query}`, isTold);
    return found as Event[];
  };
  const refresh = (client_id: string, refresh_token: string, options: RequestOptions = {}) =>
    api.token({ grant_type: 'refresh_token', client_id, refresh_token }, options);
  /** Shows a token that was spent, after its successor was used. */
  const reuse = async ({ client, refreshToken }: Begun, options: RequestOptions) => {
    const next = await refresh(client, refreshToken);
    expect((await refresh(client, next.string('refresh_token'))).status).to.equal(200);
    return refresh(client, refreshToken, options);
  };
  const bundled = (request: object, resource?: object) => {
    return { resourceType: 'Bundle', type: 'transaction', entry: [{ request, ...(resource && { resource }) }] };
  };
  const patch = (id: string, options: RequestOptions) => {
    const headers = { ...options.headers, 'content-type': 'application/merge-patch+json' };
    return api.request('PATCH', `/Session/${id}`, { ...options, body: '{"active":false}', headers });
  };

  type From = Pick<RequestOptions, 'headers'>;
  type End = (begun: Begun, from: From) => Promise<Reply>;
  const asked = (method: string, path: (begun: Begun) => string, json?: (begun: Begun) => object): End => {
    return (begun, from) => {
      const body = json && { json: json(begun) };
      return api.request(method, path(begun), { as: asRoot, ...body, ...from });
    };
  };
  const root = () => 'Client/root';
  const own = ({ client }: Begun) => `Client/${client}`;
  const client = (change: object) =>
    asked(
      'PUT',
      ({ client }) => `/Client/${client}`,
      () => ({ ...CLIENT, ...change }),
    );
  type Row = [ending: string, how: string, end: End, asker: (begun: Begun) => string | undefined];
  const tells = (rows: Row[], type: string, outcome: string, more: string[]) => {
    for (const [ending, how, end, asker] of rows) {
      it(`${ending}: ${how}`, async () => {
        const begun = await begin();
        const address = `10.4.0.${last}`;
        await end(begun, { headers: { 'x-forwarded-for': address } });
        expect(await api.statusWith(begun.accessToken)).to.equal(401);
        const query = `entity=Session/${begun.id}&subtype=${ending}`;
        const [event, ...others] = await told(query);
        expect(others).to.eql([]);
        expect(event?.subtype.map(({ code }) => code)).to.eql(['token-revoked', ending, ...more]);
        expect([event?.type.code, event?.outcome]).to.eql([type, outcome]);
        const by = asker(begun);
        const owners = [`User/${begun.user}`, `Client/${begun.client}`].filter((name) => name !== by);
        expect(event?.agent).to.eql([
          { ...(by && { altId: by }), requestor: true, network: { address, type: '2' } },
          ...owners.map((altId) => ({ altId, requestor: false })),
        ]);
        await api.expectValid(`/AuditEvent?${query}`);
      });
    }
  };

  const ends: Row[] = [
    [
      'logout',
      'DELETE /Session',
      ({ accessToken }, from) => api.request('DELETE', '/Session', { as: { bearer: accessToken }, ...from }),
      ({ user }) => `User/${user}`,
    ],
    [
      'revocation',
      'POST /auth/revoke',
      ({ client, refreshToken }, from) =>
        api.request('POST', '/auth/revoke', { form: { client_id: client, token: refreshToken }, ...from }),
      own,
    ],
    ['withdrawn', 'DELETE /Session/{id}', asked('DELETE', ({ id }) => `/Session/${id}`), root],
    ['withdrawn', 'a patch', ({ id }, from) => patch(id, { as: asRoot, ...from }), root],
    ['withdrawn', 'a patch by the anonymous', ({ id }, from) => patch(id, from), () => undefined],
    ['withdrawn', 'DELETE /Session?…', asked('DELETE', ({ client }) => `/Session?client=${client}`), root],
    ['withdrawn', 'POST /Session/$revoke', asked('POST', ({ client }) => `/Session/$revoke?client=${client}`), root],
    [
      'withdrawn',
      'an entry of a transaction',
      asked(
        'POST',
        () => '/',
        ({ id }) => bundled({ method: 'DELETE', url: `Session/${id}` }),
      ),
      root,
    ],
    ['client-credential-changed', 'another jwks_uri', client({ jwks_uri: 'https://b.example/jwks' }), root],
    [
      'user-credential-changed',
      'another password, in a transaction',
      asked(
        'POST',
        () => '/',
        ({ user }) => {
          const resource = { resourceType: 'User', id: user, userName: user, password: 'new-password' };
          return bundled({ method: 'PUT', url: `User/${user}` }, resource);
        },
      ),
      root,
    ],
    ['client-deactivated', 'active: false', client({ active: false }), root],
    [
      'user-deactivated',
      'inactive: true',
      asked(
        'PUT',
        ({ user }) => `/User/${user}`,
        ({ user }) => ({ userName: user, inactive: true }),
      ),
      root,
    ],
    ['client-deleted', 'DELETE', asked('DELETE', ({ client }) => `/Client/${client}`), root],
    ['user-deleted', 'DELETE', asked('DELETE', ({ user }) => `/User/${user}`), root],
  ];
  describe('an end says why, and who asked for it from where', () => tells(ends, '110114', '0', [LOGOUT]));

  const reuses: Row[] = [
    ['reused-refresh-token', 'after its successor was used', reuse, own],
    ['reused-code', 'by its own Client', ({ client, code }, from) => api.token(exchange(client, code), from), own],
    [
      'reused-code',
      'by another Client',
      ({ code }, from) => api.token(exchange('other', code), from),
      () => 'Client/other',
    ],
  ];
  describe('a token or code that is used again is an alert, and no logout', () => tells(reuses, '110113', '8', []));

  it('no flood of refusals crowds out that a token was used again', async () => {
    const begun = await begin();
    for (let block = 0; block < 11; block += 1) {
      const from = (at: number) => ({ headers: { 'x-forwarded-for': `10.5.${block}.${at}` } });
      await Promise.all(Array.from({ length: 50 }, (_, at) => api.request('GET', '/Patient', from(at))));
    }
    await reuse(begun, {});
    expect(await told(`entity=Session/${begun.id}&subtype=reused-refresh-token`)).to.have.length(1);
    expect(await told('subtype=overflow')).to.have.length(1);
  });
});
