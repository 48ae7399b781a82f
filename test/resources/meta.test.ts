/** `meta.versionId` and `meta.lastUpdated` are the server's; the rest of `meta` is the caller's. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { EXAMPLES, type Resource } from './examples.ts';

const KEPT = {
  tag: [{ system: 'urn:x', code: 'a' }],
  security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }],
  profile: ['http://example.org/StructureDefinition/p'],
  source: 'urn:source',
};

describe('resources: meta', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const put = (path: string, json: unknown) => server.request('PUT', path, { as: asRoot, json });

  for (const { type, resource } of EXAMPLES) {
    it(`${type}: what is sent as version and time is not taken`, async () => {
      const meta = { versionId: '42', lastUpdated: '2001-01-01T00:00:00Z', ...KEPT };
      const reply = await put(`/${type}/meta-${type}`, { ...resource, meta });
      expect(reply.status, reply.text).to.equal(201);
      const { versionId, lastUpdated, ...rest } = reply.at('meta') as Resource;
      expect(versionId).to.equal('1');
      expect(Date.parse(String(lastUpdated))).to.be.closeTo(server.now(), 10_000);
      expect(rest).to.deep.equal(KEPT);
    });

    it(`${type}: a stale version and time are no change, another tag is`, async () => {
      const path = `/${type}/meta-${type}`;
      const stale = { versionId: '7', lastUpdated: '2001-01-01T00:00:00Z', ...KEPT };
      expect((await put(path, { ...resource, meta: stale })).header('etag')).to.equal('W/"1"');
      const tag = [{ system: 'urn:x', code: 'b' }];
      expect((await put(path, { ...resource, meta: { ...KEPT, tag } })).header('etag')).to.equal('W/"2"');
      const bare = await put(path, resource);
      expect(bare.at('meta')).to.have.all.keys('versionId', 'lastUpdated');
    });
  }

  it('is valid or refused', async () => {
    for (const meta of [{ tag: [] }, { tag: 'x' }, { profile: [1] }, { tags: [] }, []]) {
      expect((await put('/Patient/invalid', { meta })).status, JSON.stringify(meta)).to.equal(422);
    }
  });

  it('a part that was asked for is not stored in the place of the whole', async () => {
    await put('/Patient/whole', { gender: 'male', birthDate: '1970' });
    for (const asked of ['_elements=gender', '_summary=text']) {
      const part = (await server.request('GET', `/Patient/whole?${asked}`, { as: asRoot })).body;
      const refused = [
        await put('/Patient/whole', part),
        await put('/Patient?_id=whole', part),
        await server.request('POST', '/Patient', { as: asRoot, json: part }),
      ];
      for (const reply of refused) {
        expect([reply.status, reply.at('issue.0.code'), reply.at('issue.0.expression.0')], asked).to.eql([
          422,
          'business-rule',
          'Patient.meta.tag[0]',
        ]);
      }
      const judged = await server.request('POST', '/Patient/$validate', { as: asRoot, json: part });
      expect(judged.at('issue.0.code')).to.equal('business-rule');
    }
    const whole = await server.request('GET', '/Patient/whole', { as: asRoot });
    expect([whole.at('birthDate'), whole.at('meta.versionId')]).to.eql(['1970', '1']);
    const meta = { tag: [{ system: 'urn:x', code: 'SUBSETTED' }] };
    expect((await put('/Patient/whole', { meta })).status).to.equal(200);
  });

  it('time never runs backwards between versions', async () => {
    const first = await put('/Patient/clock', { gender: 'male' });
    server.pass(-3600);
    const second = await put('/Patient/clock', { gender: 'female' });
    server.pass(3600);
    expect(second.string('meta.lastUpdated') >= first.string('meta.lastUpdated')).to.equal(true);
  });
});
