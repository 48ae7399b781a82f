/** The client credentials reference (gitbook), from top to bottom: the endpoint by form, by JSON and by form alone. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply, RequestOptions } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const CLIENT = 'secret: verysecretsecret\ngrant_types:\n- client_credentials\n';
const PARAMETERS = { grant_type: 'client_credentials', client_secret: 'verysecretsecret', client_id: 'cc-client' };

describe('seeds: client credentials reference (gitbook)', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
    expect((await server.request('PUT', '/Client/cc-client', { as: asRoot, yaml: CLIENT })).status).to.equal(201);
  });
  after(() => server.stop());

  const token = (options: RequestOptions) => server.request('POST', '/auth/token', options);
  const expectToken = (reply: Reply) => {
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.header('content-type')).to.match(/^application\/json/);
    expect(reply.headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' });
    expect(reply.body).to.include({ token_type: 'Bearer', expires_in: 3600 });
    expect(reply.string('access_token')).to.match(/^[\w-]{43}$/);
  };

  it('specification way: the credentials in the header, the grant in the form', async () => {
    const as = { basic: ['cc-client', 'verysecretsecret'] } as const;
    expectToken(await token({ as, form: 'grant_type=client_credentials' }));
  });

  it('specification way: scope is optional, and what was asked for is told', async () => {
    const as = { basic: ['cc-client', 'verysecretsecret'] } as const;
    const reply = await token({ as, form: 'grant_type=client_credentials&scope=read+write' });
    expectToken(reply);
    expect(reply.string('scope').split(' ').sort()).to.eql(['read', 'write']);
  });

  it('specification way, the example: base64 in the header without the name of its scheme', async () => {
    const headers = { authorization: 'Y2MtY2xpZW50OnZlcnlzZWNyZXRzZWNyZXQ=' };
    expectToken(await token({ headers, form: 'grant_type=client_credentials' }));
  });

  it('specification way: with the name of its scheme, in any case', async () => {
    for (const scheme of ['Basic', 'basic', 'BASIC']) {
      const headers = { authorization: `${scheme} Y2MtY2xpZW50OnZlcnlzZWNyZXRzZWNyZXQ=` };
      expectToken(await token({ headers, form: 'grant_type=client_credentials' }));
    }
  });

  it('JSON request: everything in the body', async () => {
    expectToken(await token({ json: PARAMETERS }));
  });

  it('JSON request: scope is optional', async () => {
    const reply = await token({ json: { ...PARAMETERS, scope: 'read' } });
    expectToken(reply);
    expect(reply.body).to.include({ scope: 'read' });
  });

  it('JSON request: every other parameter is required', async () => {
    const { grant_type: _, ...noGrant } = PARAMETERS;
    const { client_id: __, ...noId } = PARAMETERS;
    const { client_secret: ___, ...noSecret } = PARAMETERS;
    const grant = await token({ json: noGrant });
    expect(grant.status).to.equal(400);
    expect(grant.body).to.include({ error: 'invalid_request' });
    for (const json of [noId, noSecret]) {
      const reply = await token({ json });
      expect(reply.status, reply.text).to.be.oneOf([400, 401]);
      expect(reply.at('error')).to.be.oneOf(['invalid_request', 'invalid_client']);
      expect(reply.headers).to.include({ 'cache-control': 'no-store', pragma: 'no-cache' });
    }
  });

  it('form-data request: everything in the form', async () => {
    const form = 'grant_type=client_credentials&client_secret=verysecretsecret&client_id=cc-client';
    expectToken(await token({ form }));
  });
});
