/** Absolute links come from BASE_URL and keep the base that was asked; the Host header is never in one. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const HOSTILE = {
  host: 'evil.example',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'gopher',
  forwarded: 'host=evil.example;proto=gopher',
  'x-original-url': '/evil',
};

for (const BASE_URL of ['https://ward.example', 'http://ward.example:8443/some/path']) {
  describe(`resources: links of ${BASE_URL}`, () => {
    let server: ClockedServer;
    before(async () => {
      server = await startClockedServer({ BASE_URL });
      await Promise.all(['a', 'b', 'c'].map((id) => server.request('PUT', `/Patient/${id}`, { as: asRoot, json: {} })));
    });
    after(() => server.stop());

    for (const prefix of ['', '/fhir']) {
      const base = `${BASE_URL}${prefix}`;
      const options = { as: asRoot, headers: HOSTILE };

      it(`Host, X-Forwarded-Host: none is in a link${prefix && ` below ${prefix}`}`, async () => {
        const made = await server.request('POST', `${prefix}/Patient`, { ...options, json: {} });
        expect(made.header('location')).to.equal(`${base}/Patient/${made.string('id')}/_history/1`);
        const found = await server.request('GET', `${prefix}/Patient?_count=2`, options);
        const history = await server.request('GET', `${prefix}/Patient/a/_history?_count=1`, options);
        const metadata = await server.request('GET', `${prefix}/metadata`, options);
        const smart = await server.request('GET', `${prefix}/.well-known/smart-configuration`, options);
        for (const reply of [found, history, metadata, smart]) {
          expect(reply.status).to.equal(200);
          expect(reply.text).to.not.match(/evil|gopher|127\.0\.0\.1/);
        }
        expect(metadata.at('implementation.url')).to.equal(base);
        expect(
          (found.list('entry') as { fullUrl: string }[]).map(({ fullUrl }) => fullUrl.replace(/[^/]+$/, '')),
        ).to.deep.equal([`${base}/Patient/`, `${base}/Patient/`]);
        expect(history.at('entry.0.fullUrl')).to.equal(`${base}/Patient/a`);
      });

      it(`every page keeps the base and the parameters${prefix && ` below ${prefix}`}`, async () => {
        const seen: string[] = [];
        let url: string | undefined = `${base}/Patient?_id=a,b,c&_count=2&_sort=_id`;
        while (url !== undefined) {
          expect(url.startsWith(`${base}/Patient?`), url).to.equal(true);
          const reply = await server.request('GET', url.slice(BASE_URL.length), { as: asRoot });
          const links = reply.list('link') as { relation: string; url: string }[];
          const self = new URL(links.find(({ relation }) => relation === 'self')?.url ?? '').searchParams;
          expect([self.get('_id'), self.get('_count'), self.get('_sort')]).to.deep.equal(['a,b,c', '2', '_id']);
          seen.push(...(reply.list('entry') as { resource: { id: string } }[]).map(({ resource }) => resource.id));
          url = links.find(({ relation }) => relation === 'next')?.url;
        }
        expect(seen).to.deep.equal(['a', 'b', 'c']);
      });
    }

    it('a page of more than is served: the link says how many are', async () => {
      for (const [asked, done] of [
        ['5000', '1000'],
        ['007', '7'],
        ['1000', '1000'],
      ]) {
        const reply = await server.request('GET', `/Patient?_count=${asked}`, { as: asRoot });
        expect(reply.string('link.0.url')).to.equal(`${BASE_URL}/Patient?_count=${done}`);
      }
    });

    it('both bases serve the same resources', async () => {
      const [root, twin] = await Promise.all(
        ['', '/fhir'].map((prefix) => server.request('GET', `${prefix}/Patient/a`, { as: asRoot })),
      );
      expect(root?.text).to.equal(twin?.text);
      await server.request('PUT', '/fhir/Patient/twin', { as: asRoot, json: { gender: 'male' } });
      expect((await server.request('GET', '/Patient/twin', { as: asRoot })).status).to.equal(200);
    });

    it('the twin is no way around a policy, nor is a twin of the twin a way at all', async () => {
      expect((await server.request('GET', '/fhir/Patient/a')).status).to.equal(401);
      expect((await server.request('GET', '/fhir/fhir/Patient/a', { as: asRoot })).status).to.be.within(400, 404);
      expect((await server.request('GET', '/FHIR/Patient/a', { as: asRoot })).status).to.be.within(400, 404);
      expect((await server.request('POST', '/fhir/auth/token', { form: 'grant_type=x' })).status).to.be.within(
        400,
        404,
      );
    });
  });
}
