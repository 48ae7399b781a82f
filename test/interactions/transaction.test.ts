/** `transaction` Bundles: all or nothing, in FHIR's order, with links resolved (FHIR R4 §3.1.0.11.2). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { binary, type Entry, entry, issue, send, statuses } from './bundles.ts';

const A = 'urn:uuid:11111111-1111-4111-8111-111111111111';
const B = 'urn:uuid:22222222-2222-4222-8222-222222222222';
const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more });
const identified = (value: string, more: object = {}) => patient(value, { identifier: [{ value }], ...more });

describe('interactions: transaction', () => {
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

  it('does every kind of request and answers in the order they came', async () => {
    await make('/Patient/kinds-d', patient('gone'));
    await make('/Patient/kinds-p', patient('before'));
    await make('/Patient/kinds-m', patient('before'));
    const reply = await transact([
      entry('GET Patient/kinds-u'),
      entry('PATCH Patient/kinds-p', binary([{ op: 'replace', path: '/name/0/family', value: 'patched' }])),
      entry('PATCH Patient/kinds-m', binary({ gender: 'other' }, 'application/merge-patch+json')),
      entry('PUT Patient/kinds-u', patient('put')),
      entry('POST Patient', patient('posted')),
      entry('DELETE Patient/kinds-d'),
      entry('GET Patient?family=patched'),
      entry('HEAD Patient/kinds-u'),
    ]);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.at('type')).to.equal('transaction-response');
    expect(statuses(reply)).to.deep.equal(['200', '200', '200', '201', '201', '204', '200', '200']);
    expect(reply.at('entry.0.resource.name.0.family')).to.equal('put');
    expect(reply.at('entry.2.resource.gender')).to.equal('other');
    expect(reply.at('entry.6.resource.total')).to.equal(1);
    expect(reply.at('entry.7.resource')).to.equal(undefined);
    const id = reply.string('entry.4.resource.id');
    const base = reply.string('entry.4.fullUrl').replace(`/Patient/${id}`, '');
    expect(reply.at('entry.4.response')).to.deep.equal({
      status: '201',
      location: `${base}/Patient/${id}/_history/1`,
      etag: 'W/"1"',
      lastModified: reply.at('entry.4.resource.meta.lastUpdated'),
    });
    expect((await call('GET', '/Patient/kinds-d')).status).to.equal(410);
    expect((await call('GET', `/Patient/${id}`)).body).to.deep.equal(reply.at('entry.4.resource'));
  });

  it('stands under /fhir, with links of that base', async () => {
    const reply = await transact([entry('POST Patient', patient('twin'))], { path: '/fhir' });
    expect(reply.string('entry.0.response.location')).to.match(/\/fhir\/Patient\//);
  });

  it('an empty Bundle is done', async () => {
    const reply = await server.request('POST', '/', {
      as: asRoot,
      json: { resourceType: 'Bundle', type: 'transaction' },
    });
    expect([reply.status, reply.at('entry')]).to.deep.equal([200, undefined]);
  });

  describe('links', () => {
    it('urn:uuid references resolve in both directions, in extensions, contained resources and narratives', async () => {
      const url = 'http://example.org/related';
      const reply = await transact([
        entry(
          'POST Patient',
          patient('one', {
            link: [{ other: { reference: B }, type: 'seealso' }],
            text: {
              status: 'generated',
              div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${B}">two</a><a title="x" href='${A}'>me</a></div>`,
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

    it('a full URL of another server becomes the id here, also where it is referred to by its relative form', async () => {
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

  describe('conditions', () => {
    before(async () => {
      await make('/Patient/c1', identified('c1'));
      await make('/Patient/c2', identified('twice'));
      await make('/Patient/c3', identified('twice'));
    });

    const one: [about: string, made: Entry, status: string, id: string | undefined][] = [
      ['ifNoneExist finds one', entry('POST Patient', identified('c1'), { ifNoneExist: 'identifier=c1' }), '200', 'c1'],
      [
        'ifNoneExist finds none',
        entry('POST Patient', identified('n1'), { ifNoneExist: 'identifier=n1' }),
        '201',
        undefined,
      ],
      ['PUT by criteria, found', entry('PUT Patient?identifier=c1', identified('c1', { active: true })), '200', 'c1'],
      ['PUT by criteria, made', entry('PUT Patient?identifier=n2', identified('n2')), '201', undefined],
      [
        'PUT by criteria, made with its id',
        entry('PUT Patient?identifier=n3', identified('n3', { id: 'own' })),
        '201',
        'own',
      ],
      [
        'PATCH by criteria',
        entry('PATCH Patient?identifier=c1', binary([{ op: 'add', path: '/gender', value: 'male' }])),
        '200',
        'c1',
      ],
      [
        'PATCH by merging',
        entry('PATCH Patient?identifier=c1', { resourceType: 'Patient', gender: 'female' }),
        '200',
        'c1',
      ],
      [
        'ifMatch that holds',
        entry('PUT Patient/c2', identified('twice', { active: true }), { ifMatch: 'W/"1"' }),
        '200',
        'c2',
      ],
      ['ifNoneMatch: *', entry('PUT Patient/n4', identified('n4'), { ifNoneMatch: '*' }), '201', 'n4'],
      ['GET that is known', entry('GET Patient/c3', undefined, { ifNoneMatch: 'W/"1"' }), '304', undefined],
      [
        'GET that is as old',
        entry('GET Patient/c3', undefined, { ifModifiedSince: '2100-01-01T00:00:00Z' }),
        '304',
        undefined,
      ],
      ['DELETE by criteria', entry('DELETE Patient?identifier=n4'), '204', undefined],
      ['DELETE by criteria, none', entry('DELETE Patient?identifier=n4'), '204', undefined],
    ];
    for (const [about, made, status, id] of one) {
      it(`${about}: ${status}`, async () => {
        const reply = await transact([made]);
        expect(reply.status, reply.text).to.equal(200);
        expect(statuses(reply)).to.deep.equal([status]);
        if (id !== undefined) expect(reply.at('entry.0.resource.id')).to.equal(id);
      });
    }

    const refused: [about: string, made: Entry, status: number, issue: string][] = [
      [
        'ifNoneExist finds many',
        entry('POST Patient', patient('x'), { ifNoneExist: 'identifier=twice' }),
        412,
        'multiple-matches',
      ],
      [
        'ifNoneExist without a criterion',
        entry('POST Patient', patient('x'), { ifNoneExist: '_count=1' }),
        412,
        'conflict',
      ],
      ['PUT by many', entry('PUT Patient?identifier=twice', patient('x')), 412, 'multiple-matches'],
      ['PATCH by none', entry('PATCH Patient?identifier=nobody', binary([])), 404, 'not-found'],
      ['DELETE by many', entry('DELETE Patient?identifier=twice'), 412, 'multiple-matches'],
      ['DELETE without a criterion', entry('DELETE Patient'), 412, 'conflict'],
      ['ifMatch that is old', entry('PUT Patient/c1', patient('x'), { ifMatch: 'W/"77"' }), 412, 'conflict'],
      ['ifNoneMatch that holds not', entry('PUT Patient/c1', patient('x'), { ifNoneMatch: '*' }), 412, 'conflict'],
      ['DELETE with an old ifMatch', entry('DELETE Patient/c1', undefined, { ifMatch: 'W/"77"' }), 412, 'conflict'],
      [
        'a patch that does not apply',
        entry('PATCH Patient/c1', binary([{ op: 'remove', path: '/photo' }])),
        422,
        'business-rule',
      ],
      ['GET of nothing', entry('GET Patient/nowhere'), 404, 'not-found'],
      ['GET of a version that is none', entry('GET Patient/c1/_history/99'), 404, 'not-found'],
      ['a search that is none', entry('GET Patient?nonsense=1'), 400, 'not-supported'],
    ];
    for (const [about, made, status, code] of refused) {
      it(`${about}: ${status}, and nothing is stored`, async () => {
        const family = `refused-${about.replace(/\W/g, '')}`;
        const reply = await transact([entry('POST Patient', patient(family)), made]);
        expect(reply.status, reply.text).to.equal(status);
        expect(issue(reply)).to.equal(`${code} Bundle.entry[1]`);
        expect(await count(`family:exact=${family}`)).to.equal(0);
      });
    }
  });

  it('every issue of every body is told, at its place', async () => {
    const reply = await transact([
      entry('POST Patient', patient('fine')),
      entry('POST Patient', { resourceType: 'Patient', gender: 'unknowable' }),
      entry('PUT Patient/bad', { resourceType: 'Patient', birthDate: '2020-13-01', name: [{ given: [7] }] }),
    ]);
    expect(reply.status).to.equal(422);
    const places = (reply.list('issue') as { expression: string[] }[]).map(({ expression }) => expression[0]);
    expect(places).to.have.members([
      'Bundle.entry[1].resource.gender',
      'Bundle.entry[2].resource.birthDate',
      'Bundle.entry[2].resource.name[0].given[0]',
    ]);
    expect(await count('family:exact=fine')).to.equal(0);
  });

  describe('overlaps', () => {
    before(() => make('/Patient/over', identified('over')));
    const over = patient('over');
    const rows: [about: string, entries: Entry[], at: string][] = [
      ['PUT and DELETE of one', [entry('PUT Patient/over', over), entry('DELETE Patient/over')], 'Bundle.entry[1]'],
      [
        'PUT and PATCH of one',
        [entry('PUT Patient/over', over), entry('PATCH Patient/over', binary([]))],
        'Bundle.entry[1]',
      ],
      ['PUT of one twice', [entry('PUT Patient/over', over), entry('PUT Patient/over', over)], 'Bundle.entry[1]'],
      [
        'DELETE by id and by criteria',
        [entry('DELETE Patient/over'), entry('DELETE Patient?identifier=over')],
        'Bundle.entry[1]',
      ],
      [
        'PUT by id and by criteria',
        [entry('PUT Patient?identifier=over', over), entry('PUT Patient/over', over)],
        'Bundle.entry[1]',
      ],
      [
        'DELETE of what ifNoneExist finds',
        [entry('POST Patient', over, { ifNoneExist: 'identifier=over' }), entry('DELETE Patient/over')],
        'Bundle.entry[0]',
      ],
      [
        'one fullUrl twice',
        [entry('POST Patient', over, {}, A), entry('POST Patient', over, {}, A)],
        'Bundle.entry[1].fullUrl',
      ],
      [
        'one ifNoneExist twice',
        [
          entry('POST Patient', identified('new'), { ifNoneExist: 'identifier=new' }),
          entry('POST Patient', identified('new'), { ifNoneExist: 'identifier=new' }),
        ],
        'Bundle.entry[1]',
      ],
      [
        'what ifNoneExist finds is made by another entry, before it or behind it',
        [
          entry('POST Patient', identified('new2'), { ifNoneExist: 'identifier=new2' }),
          entry('PUT Patient/new2', identified('new2')),
        ],
        'Bundle.entry[0]',
      ],
    ];
    for (const [about, entries, at] of rows) {
      it(`${about}: 422`, async () => {
        const versions = (await call('GET', '/Patient/over/_history')).list('entry').length;
        const reply = await transact(entries);
        expect(reply.status, reply.text).to.equal(422);
        expect(issue(reply))
          .to.match(/^(business-rule|multiple-matches) /)
          .and.include(at);
        expect((await call('GET', '/Patient/over/_history')).list('entry')).to.have.length(versions);
        expect(await count('identifier=new')).to.equal(0);
      });
    }
  });

  it('GETs see what the transaction wrote, and a failing one undoes it', async () => {
    const fine = await transact([entry('GET Patient/seen/_history'), entry('PUT Patient/seen', patient('seen'))]);
    expect(fine.at('entry.0.resource.total')).to.equal(1);
    const failing = await transact([entry('GET Patient/none'), entry('PUT Patient/unseen', patient('unseen'))]);
    expect([failing.status, issue(failing)]).to.deep.equal([404, 'not-found Bundle.entry[0]']);
    expect((await call('GET', '/Patient/unseen')).status).to.equal(404);
  });

  it('deletes before it makes: a name that an entry frees is free for another', async () => {
    await call('PUT', '/User/first', { userName: 'the-name' });
    const reply = await transact([
      entry('PUT User/second', { resourceType: 'User', userName: 'the-name' }),
      entry('DELETE User/first'),
    ]);
    expect(statuses(reply), reply.text).to.deep.equal(['201', '204']);
  });

  for (const [prefer, has] of [
    ['return=minimal', [false, false]],
    ['return=OperationOutcome', [false, true]],
    ['return=representation', [true, false]],
    ['', [true, false]],
  ] as const) {
    it(`Prefer: ${prefer || 'none'}`, async () => {
      const entries = [entry('POST Patient', patient('preferred')), entry('GET Patient?family=preferred')];
      const reply = await transact(entries, prefer === '' ? {} : { headers: { prefer } });
      expect([
        reply.at('entry.0.resource') !== undefined,
        reply.at('entry.0.response.outcome') !== undefined,
      ]).to.deep.equal(has);
      expect(reply.at('entry.1.resource.resourceType')).to.equal('Bundle');
    });
  }

  it('secrets in a Bundle are kept and never told', async () => {
    const secret = 'told-by-nobody';
    const reply = await transact([
      entry('PUT Client/bundled', { resourceType: 'Client', secret, grant_types: ['basic'] }),
      entry('GET Client/bundled'),
      entry('GET Client/bundled/_history'),
      entry('PUT User/bundled-user', { resourceType: 'User', password: secret }),
    ]);
    expect(reply.status, reply.text).to.equal(200);
    expect(reply.text).to.not.match(/told-by-nobody|argon2|"secret"|"password"/);
    const as = { basic: ['bundled', secret] } as const;
    expect((await server.request('GET', '/Patient', { as })).status).to.equal(403);
    const refused = await transact([
      entry('PUT Client/bundled', { resourceType: 'Client', secret: 'another-one', grant_types: ['nonsense'] }),
    ]);
    expect([refused.status, refused.text.includes('another-one')]).to.deep.equal([422, false]);
  });
});
