/** SMART Backend Services (https://hl7.org/fhir/smart-app-launch/backend-services.html), by clients of FHIR. */
import { randomUUID } from 'node:crypto';
import { MedplumClient } from '@medplum/core';
import { expect } from 'chai';
import { Client } from 'fhir-kit-client';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { after, before, describe, it } from 'mocha';
import * as oauth from 'oauth4webapi';
import { type Api, startApi } from '../auth/http/api.ts';

const SCOPE = 'system/Patient.rs';
const insecure = { [oauth.allowInsecureRequests]: true };

for (const alg of ['RS384', 'ES384'] as const) {
  describe(`clients: SMART Backend Services, ${alg}`, () => {
    let api: Api;
    let key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

    before(async () => {
      api = await startApi();
      const pair = await generateKeyPair(alg, { extractable: true });
      key = pair.privateKey;
      const jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg }] };
      await api.put('/Client/backend', { grant_types: ['client_credentials'], jwks, scope: [SCOPE] });
      await api.put('/AccessPolicy/backend', { engine: 'allow', link: [{ reference: 'Client/backend' }] });
      await api.put('/Patient/p', { name: [{ family: 'Backend' }] });
    });
    after(() => api.stop());

    it('fhir-kit-client: smart-configuration, token by assertion with system scopes, search', async () => {
      const client = new Client({ baseUrl: `${api.issuer}/fhir` });
      const { tokenUrl } = await client.smartAuthMetadata();
      const as: oauth.AuthorizationServer = { issuer: api.issuer, token_endpoint: String(tokenUrl) };
      const self = { client_id: 'backend' };
      const proof = oauth.PrivateKeyJwt({ key, kid: 'k' });
      const response = await oauth.clientCredentialsGrantRequest(as, self, proof, { scope: SCOPE }, insecure);
      const token = await oauth.processClientCredentialsResponse(as, self, response);
      expect(token).to.include({ scope: SCOPE, expires_in: 3600 });
      expect(token).to.not.have.property('refresh_token');

      client.bearerToken = token.access_token;
      const found = await client.search({ resourceType: 'Patient', searchParams: { family: 'backend' } });
      expect(found).to.include({ resourceType: 'Bundle', total: 1 });
      const body = { resourceType: 'Patient' };
      const beyond = await client.create({ resourceType: 'Patient', body }).catch((error: unknown) => error);
      expect(beyond).to.have.nested.property('response.status', 403);
    });

    it('smart-configuration says that it is served', async () => {
      const { body } = await api.request('GET', '/fhir/.well-known/smart-configuration');
      expect(body).to.deep.include({ token_endpoint: `${api.issuer}/auth/token` });
      const told = body as Record<string, string[]>;
      expect(told['capabilities']).to.include('client-confidential-asymmetric');
      expect(told['token_endpoint_auth_methods_supported']).to.include('private_key_jwt');
      expect(told['token_endpoint_auth_signing_alg_values_supported']).to.include(alg);
    });

    it('@medplum/core: signs in by an assertion, and searches', async () => {
      const tokenUrl = `${api.issuer}/auth/token`;
      const client = new MedplumClient({
        baseUrl: `${api.issuer}/`,
        fhirUrlPath: 'fhir',
        tokenUrl,
        fetch,
        cacheTime: 0,
      });
      const assertion = await new SignJWT({ iss: 'backend', sub: 'backend', aud: tokenUrl, jti: randomUUID() })
        .setProtectedHeader({ alg, kid: 'k', typ: 'JWT' })
        .setIssuedAt()
        .setExpirationTime('4m')
        .sign(key);
      await client.startJwtAssertionLogin(assertion);
      expect(await client.searchResources('Patient', 'family=backend')).to.have.length(1);
    });
  });
}
