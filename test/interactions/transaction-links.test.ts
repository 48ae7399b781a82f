/** Links between the entries of a transaction, and conditional references (FHIR R4 §3.1.0.11.2). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { binary, entry, issue, send } from './bundles.ts';

const A = 'urn:uuid:11111111-1111-4111-8111-111111111111';
const B = 'urn:uuid:22222222-2222-4222-8222-222222222222';
const XHTML = 'http://www.w3.org/1999/xhtml';
const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more });
const identified = (value: string, more: object = {}) => patient(value, { identifier: [{ value }], ...more });

describe('interactions: links of a transaction', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  const call = (method: string, path: string, json?: object) =>
    server.request(method, path, { as: asRoot, ...(json === undefined ? {} : { json }) });
  const make = async (path: string, json: object) => {
    const reply = await call('PUT', path, json);
    expect(reply.status, reply.text).to.equal(201);
  };
  const count = async (query: string) => (await call('GET', `/Patient?${query}&_summary=count`)).at('total');
  const transact = (entries: unknown[], options = {}) => send(server, 'transaction', entries, options);

  describe('links', () => {
    it('urn:uuid references resolve in both directions, in extensions and in narratives', async () => {
      const url = 'http://example.org/related';
      const reply = await transact([
        entry(
          'POST Patient',
          patient('one', {
            link: [{ other: { reference: B }, type: 'seealso' }],
            text: {
              status: 'generated',
              div: `<div xmlns="${XHTML}"><a href="${B}">two</a><a title="x" href='${A}'>me</a></div>`,
            },
            extension: [
              { url, valueUri: B },
              { url, valueReference: { reference: B } },
              { url, valueCanonical: B },
              { url, valueString: B },
              { url, valueUuid: B },
            ],
            identifier: [{ system: 'urn:ietf:rfc:3986', value: B }],
          }),
          {},
          A,
        ),
        entry('PUT Patient/link-two', patient('two', { link: [{ other: { reference: A }, type: 'seealso' }] }), {}, B),
      ]);
      expect(reply.status, reply.text).to.equal(200);
      const one = `Patient/${reply.string('entry.0.resource.id')}`;
      const two = 'Patient/link-two';
      expect(reply.at('entry.0.resource.link.0.other.reference')).to.equal(two);
      expect(reply.at('entry.1.resource.link.0.other.reference')).to.equal(one);
      expect(reply.string('entry.0.resource.text.div')).to.include(`href="${two}"`).and.include(`href="${one}"`);
      const values = (reply.list('entry.0.resource.extension') as Record<string, unknown>[]).map(
        ({ url: _url, ...value }) => Object.values(value)[0],
      );
      expect(values).to.deep.equal([two, { reference: two }, B, B, B]);
      expect(reply.at('entry.0.resource.identifier.0.value')).to.equal(B);
      expect((await call('GET', `/Patient?link=${two}`)).at('total')).to.equal(1);
    });

    it('those of a merge patch resolve, be it the resource or a Binary, and those of a JSON Patch stay', async () => {
      await make('/Patient/merged', patient('merged', { identifier: [{ value: 'merged' }] }));
      const link = (reference: string) => ({ link: [{ other: { reference }, type: 'seealso' }] });
      const patches: [patch: object, references: (made: string) => string[]][] = [
        [{ resourceType: 'Patient', ...link(A) }, (made) => [made]],
        [binary(link(A), 'application/merge-patch+json'), (made) => [made]],
        [{ resourceType: 'Patient', ...link('Patient?identifier=merged') }, () => ['Patient/merged']],
        [binary([{ op: 'replace', path: '/link', value: link(A).link }]), () => [A]],
      ];
      for (const [patch, expected] of patches) {
        const reply = await transact([
          entry('POST Patient', patient('a'), {}, A),
          entry('PATCH Patient/merged', patch),
        ]);
        expect(reply.status, reply.text).to.equal(200);
        const made = `Patient/${reply.string('entry.0.resource.id')}`;
        expect([reply.at('entry.1.resource.link.0.other.reference')]).to.deep.equal(expected(made));
      }
    });

    it('a full URL of another server becomes the id here, also where a relative reference means it', async () => {
      const elsewhere = (id: string) => `https://elsewhere.example/fhir/Patient/${id}`;
      const link = (reference: string) => ({ link: [{ other: { reference }, type: 'seealso' }] });
      const reply = await transact([
        entry('POST Patient', patient('a', link('Patient/b')), {}, elsewhere('a')),
        entry('POST Patient', patient('b', link(elsewhere('a'))), {}, elsewhere('b')),
        entry('POST Patient', patient('c', link('Patient/b')), {}, A),
      ]);
      expect(reply.status, reply.text).to.equal(200);
      const ids = [0, 1].map((at) => `Patient/${reply.string(`entry.${at}.resource.id`)}`);
      expect(reply.at('entry.0.resource.link.0.other.reference')).to.equal(ids[1]);
      expect(reply.at('entry.1.resource.link.0.other.reference')).to.equal(ids[0]);
      expect(reply.at('entry.2.resource.link.0.other.reference')).to.equal('Patient/b');
    });

    it('conditional references resolve, to what is there and to what an entry makes by the same criteria', async () => {
      await make('/Patient/cond-there', identified('there'));
      const link = (reference: string) => ({ link: [{ other: { reference }, type: 'seealso' }] });
      const reply = await transact([
        entry('POST Patient', patient('x', link('Patient?identifier=there'))),
        entry('POST Patient', patient('y', link('Patient?identifier=made-now'))),
        entry('POST Patient', identified('made-now'), { ifNoneExist: 'identifier=made-now' }),
      ]);
      expect(reply.status, reply.text).to.equal(200);
      expect(reply.at('entry.0.resource.link.0.other.reference')).to.equal('Patient/cond-there');
      expect(reply.at('entry.1.resource.link.0.other.reference')).to.equal(
        `Patient/${reply.string('entry.2.resource.id')}`,
      );
    });

    it('a Bundle that is stored stays as it is: its links lead to its own entries', async () => {
      const link = (reference: string) => ({ link: [{ other: { reference }, type: 'seealso' }] });
      const held = [
        { fullUrl: A, resource: patient('own', link(A)) },
        { fullUrl: B, resource: patient('asks', link('Patient?identifier=nobody')) },
      ];
      const reply = await transact([
        entry('POST Patient', patient('outer'), {}, A),
        entry('POST Bundle', { resourceType: 'Bundle', type: 'collection', entry: held }),
      ]);
      expect(reply.status, reply.text).to.equal(200);
      expect(reply.at('entry.1.resource.entry')).to.deep.equal(held);
    });

    it('a uri that names something by a web address stays, also where that is a fullUrl', async () => {
      const [set, system] = ['https://sets.example/ValueSet/a', 'https://sets.example/CodeSystem/a'];
      const compose = { include: [{ system }] };
      const reply = await transact([
        entry('POST ValueSet', { resourceType: 'ValueSet', status: 'active', url: set, compose }, {}, set),
        entry(
          'POST CodeSystem',
          { resourceType: 'CodeSystem', status: 'active', content: 'complete', url: system },
          {},
          system,
        ),
        entry(
          'POST Patient',
          patient('named', {
            photo: [{ url: set }],
            maritalStatus: { coding: [{ system, code: 'M' }] },
            extension: [{ url: set, valueReference: { reference: set } }],
          }),
        ),
      ]);
      expect(reply.status, reply.text).to.equal(200);
      const made = `ValueSet/${reply.string('entry.0.resource.id')}`;
      const at = (path: string) => reply.at(`entry.${path}`);
      expect([at('0.resource.url'), at('0.resource.compose'), at('1.resource.url')]).to.eql([set, compose, system]);
      expect(at('2.resource.maritalStatus.coding.0.system')).to.equal(system);
      expect(at('2.resource.extension.0')).to.eql({ url: set, valueReference: { reference: made } });
      expect(at('2.resource.photo.0.url')).to.equal(made);
    });

    it('criteria with a question mark in a value are those that were sent', async () => {
      const url = 'http://sets.example/asked?v=1';
      const set = { resourceType: 'ValueSet', url, status: 'active' };
      for (const status of ['201', '200']) {
        const reply = await transact([
          entry(`PUT ValueSet?url=${url}`, set),
          entry(
            'POST Patient',
            patient('asked', { extension: [{ url, valueReference: { reference: `ValueSet?url=${url}` } }] }),
          ),
        ]);
        expect(reply.status, reply.text).to.equal(200);
        expect(reply.at('entry.0.response.status')).to.equal(status);
        const reference = `ValueSet/${reply.string('entry.0.resource.id')}`;
        expect(reply.at('entry.1.resource.extension.0.valueReference.reference')).to.equal(reference);
      }
    });

    it('very many searches are refused before any of them is made; the same one again is none more', async () => {
      await call('POST', '/Patient', identified('sought'));
      const list = (size: number, reference: (at: number) => string) => ({
        resourceType: 'List',
        status: 'current',
        mode: 'working',
        entry: Array.from({ length: size }, (_, at) => ({ item: { reference: reference(at) } })),
      });
      const refused = await transact([
        entry(
          'POST List',
          list(2001, (at) => `Patient?identifier=none-${at}`),
        ),
      ]);
      expect([refused.status, issue(refused)]).to.eql([413, 'too-long Bundle.entry[0].resource']);
      const half = (from: number) => list(1001, (at) => `Patient?identifier=sought&_id:not=${from + at}`);
      const halves = await transact([entry('POST List', half(0)), entry('POST List', half(1001))]);
      expect([halves.status, issue(halves)]).to.eql([413, 'too-long Bundle.entry[1].resource']);
      const done = await transact([
        entry(
          'POST List',
          list(2001, () => 'Patient?identifier=sought'),
        ),
      ]);
      expect(done.status, done.text.slice(0, 500)).to.equal(200);
    });

    for (const [reference, status, wanted] of [
      ['Patient?identifier=nobody', 412, 'conflict'],
      ['Patient?identifier=many', 412, 'multiple-matches'],
      ['Patient?', 422, 'value'],
      ['Patient?_count=1', 412, 'conflict'],
      ['Patient?nonsense=1', 400, 'not-supported'],
      ['Spaceship?name=x', 422, 'business-rule'],
    ] as const) {
      it(`a conditional reference ${reference}: ${status}, and nothing is stored`, async () => {
        if ((await count('identifier=many')) === 0) {
          await call('POST', '/Patient', identified('many'));
          await call('POST', '/Patient', identified('many'));
        }
        const family = `ref-${reference.replace(/\W/g, '')}`;
        const reply = await transact([
          entry('POST Patient', patient(family)),
          entry('POST Patient', patient(family, { link: [{ other: { reference }, type: 'seealso' }] })),
        ]);
        expect(reply.status, reply.text).to.equal(status);
        expect(issue(reply)).to.equal(`${wanted} Bundle.entry[1].resource.link[0].other.reference`);
        expect(await count(`family:exact=${family}`)).to.equal(0);
      });
    }
  });
});
