/** The history of a resource and of a type, newest first, in pages (FHIR R4 §3.1.0.12). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { Reply } from '../harness/http.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { EXAMPLES, type Resource } from './examples.ts';

const BASE_URL = 'https://ward.example';

interface Entry {
  fullUrl: string;
  resource?: Resource;
  request: { method: string; url: string };
  response: { status: string; etag: string; lastModified: string };
}
const entries = (reply: Reply) => reply.list('entry') as Entry[];
const tags = (reply: Reply) => entries(reply).map(({ response }) => response.etag);

describe('resources: history', () => {
  let server: ClockedServer;
  let middle: string;
  const call = (method: string, path: string, json?: unknown) =>
    server.request(method, path, { as: asRoot, ...(json === undefined ? {} : { json }) });

  before(async () => {
    server = await startClockedServer({ BASE_URL });
    for (const gender of ['male', 'female', 'other', 'unknown']) {
      server.pass(60);
      const reply = await call('PUT', '/Patient/p', { gender });
      if (gender === 'other') middle = reply.string('meta.lastUpdated');
    }
    await call('DELETE', '/Patient/p');
    await call('PUT', '/Patient/p', { gender: 'male' });
  });
  after(() => server.stop());

  /** Follows `next` from an address to the end, page by page. */
  async function pages(path: string): Promise<Reply[]> {
    const replies: Reply[] = [];
    let next: string | undefined = path;
    while (next !== undefined) {
      const reply: Reply = await call('GET', next);
      expect(reply.status, reply.text).to.equal(200);
      replies.push(reply);
      const links = reply.list('link') as { relation: string; url: string }[];
      next = links.find(({ relation }) => relation === 'next')?.url.replace(BASE_URL, '');
    }
    return replies;
  }

  it('tells how each version came about, newest first', async () => {
    const reply = await call('GET', '/Patient/p/_history');
    expect(reply.body).to.include({ resourceType: 'Bundle', type: 'history', total: 6 });
    expect(tags(reply)).to.deep.equal([6, 5, 4, 3, 2, 1].map((version) => `W/"${version}"`));
    expect(
      entries(reply)
        .map(({ request }) => request.method)
        .join(' '),
    ).to.equal('PUT DELETE PUT PUT PUT PUT');
    for (const { fullUrl, request, response } of entries(reply)) {
      expect([fullUrl, request.url]).to.deep.equal([`${BASE_URL}/Patient/p`, 'Patient/p']);
      expect(response.lastModified).to.match(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    }
    expect(entries(reply)[1]).to.not.have.property('resource');
    expect(entries(reply)[2]?.resource).to.include({ gender: 'unknown' });
    expect(entries(reply)[5]?.response.status).to.equal('201');
    expect(entries(reply)[1]?.response.status).to.equal('204');
    expect(entries(reply)[4]?.response.status).to.equal('200');
  });

  it('tells that a version after a deletion was made', async () => {
    expect(entries(await call('GET', '/Patient/p/_history'))[0]?.response.status).to.equal('201');
  });

  it('tells what was POSTed', async () => {
    const id = (await call('POST', '/Patient', {})).string('id');
    expect(entries(await call('GET', `/Patient/${id}/_history`))[0]?.request).to.deep.equal({
      method: 'POST',
      url: 'Patient',
    });
  });

  for (const count of [1, 2, 4, 5, 6, 7]) {
    it(`pages of ${count} hold every version once`, async () => {
      const replies = await pages(`/Patient/p/_history?_count=${count}`);
      expect(replies).to.have.length(Math.ceil(6 / count));
      expect(replies.flatMap(tags)).to.deep.equal([6, 5, 4, 3, 2, 1].map((version) => `W/"${version}"`));
    });
  }

  it('_since leaves out what is older, to the millisecond, in any time zone', async () => {
    expect(tags(await call('GET', `/Patient/p/_history?_since=${middle}`))).to.have.length(4);
    const later = new Date(Date.parse(middle) + 1).toISOString();
    expect(tags(await call('GET', `/Patient/p/_history?_since=${later}`))).to.have.length(3);
    const local = new Date(Date.parse(middle) + 7_200_000).toISOString().replace('Z', '%2B02:00');
    expect(tags(await call('GET', `/Patient/p/_history?_since=${local}`))).to.have.length(4);
    const paged = await pages(`/Patient/p/_history?_since=${middle}&_count=3`);
    expect(paged.map((reply) => tags(reply).length)).to.deep.equal([3, 1]);
  });

  for (const { type, resource, changed } of EXAMPLES) {
    it(`${type}: the history of the type holds every version of every id, in pages too`, async () => {
      const since = new Date(server.now()).toISOString();
      for (const [method, id, json] of [
        ['PUT', 'h1', resource],
        ['PUT', 'h2', resource],
        ['PUT', 'h1', changed],
        ['DELETE', 'h2', undefined],
      ] as const) {
        expect((await call(method, `/${type}/${type}-${id}`, json)).status).to.be.below(300);
      }
      const seen = (replies: Reply[]) =>
        replies.flatMap(entries).map(({ fullUrl, response }) => `${fullUrl.split('-').at(-1)} ${response.etag}`);
      const whole = await pages(`/${type}/_history?_since=${since}`);
      expect(seen(whole)).to.have.members(['h2 W/"2"', 'h1 W/"2"', 'h2 W/"1"', 'h1 W/"1"']);
      expect(seen(await pages(`/${type}/_history?_since=${since}&_count=1`))).to.deep.equal(seen(whole));
    });
  }

  it('the history of the system holds every type, newest first, in pages of any size', async () => {
    const since = new Date(server.now()).toISOString();
    const written: string[] = [];
    for (const [index, type] of ['Patient', 'AccessPolicy', 'Patient', 'Client', 'Patient'].entries()) {
      server.pass(1);
      const content = { ...EXAMPLES.find((example) => example.type === type)?.resource };
      expect((await call('PUT', `/${type}/system-${type}-${index}`, content)).status).to.equal(201);
      written.unshift(`${BASE_URL}/${type}/system-${type}-${index}`);
    }
    const urls = (replies: Reply[]) => replies.flatMap(entries).map(({ fullUrl }) => fullUrl);
    for (const count of [1, 2, 4, 5, 6]) {
      const replies = await pages(`/_history?_since=${since}&_count=${count}`);
      expect(replies).to.have.length(Math.ceil(5 / count));
      expect(urls(replies)).to.deep.equal(written);
    }
    expect(urls(await pages(`/fhir/_history?_count=2&_since=${since}`))).to.deep.equal(
      written.map((url) => url.replace(BASE_URL, `${BASE_URL}/fhir`)),
    );
  });

  it('the history of the system: versions of one moment come once each, whatever their type', async () => {
    const frozen = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [...Array(9).keys()].map((index) => ({
        resource: index % 2 ? { resourceType: 'Patient' } : { resourceType: 'Basic', code: { text: 'x' } },
        request: { method: 'PUT', url: `${index % 2 ? 'Patient' : 'Basic'}/together-${index}` },
      })),
    };
    server.pass(1);
    const since = new Date(server.now()).toISOString();
    expect((await call('POST', '/', frozen)).status).to.equal(200);
    const seen = (await pages(`/_history?_since=${since}&_count=2`)).flatMap(entries).map(({ fullUrl }) => fullUrl);
    expect(seen).to.have.length(9);
    expect(new Set(seen)).to.have.length(9);
  });

  for (const query of [
    '_count=0',
    '_count=x',
    '_count=-1',
    '_since=yesterday',
    '_since=2020-01-01',
    '_since=2026-02-30T00:00:00Z',
    '_since=2026-01-31T24:00:00Z',
    '_since=2026-01-31T12:00:00%2B15:00',
    '_cursor=x',
    '_at=2020',
  ]) {
    it(`${query}: 400`, async () => {
      expect((await call('GET', `/Patient/p/_history?${query}`)).status).to.equal(400);
      expect((await call('GET', `/_history?${query}`)).status).to.equal(400);
    });
  }

  it('of what never was: 404', async () => {
    expect((await call('GET', '/Patient/none/_history')).status).to.equal(404);
    expect((await call('GET', '/None/_history')).status).to.equal(404);
  });

  it('may be asked for as YAML', async () => {
    const reply = await call('GET', '/Patient/p/_history?_format=yaml');
    expect(reply.header('content-type')).to.equal('text/yaml; charset=utf-8');
    expect(tags(reply)).to.have.length(6);
  });
});
