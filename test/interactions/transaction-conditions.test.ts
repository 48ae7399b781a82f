/** Conditional entries of a transaction, and entries about one resource (FHIR R4 §3.1.0.11.2). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';
import { binary, type Entry, entry, issue, send, statuses } from './bundles.ts';

const A = 'urn:uuid:11111111-1111-4111-8111-111111111111';
const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more });
const identified = (value: string, more: object = {}) => patient(value, { identifier: [{ value }], ...more });

describe('interactions: conditions of a transaction', () => {
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
      [
        'what the criteria of a PUT find is made once more by another entry',
        [entry('PUT Patient?identifier=over', over), entry('POST Patient', identified('over'))],
        'Bundle.entry[0]',
      ],
      [
        'what the criteria of a PATCH find is made once more by another entry',
        [entry('PATCH Patient?identifier=over', binary([])), entry('POST Patient', identified('over'))],
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

  describe('a match that is lost to its criteria through another entry', () => {
    const SET = 'http://sets.example/of-the-transaction';
    const set = (code: string) => ({
      resourceType: 'ValueSet',
      url: SET,
      status: 'active',
      compose: { include: [{ system: 'http://hl7.org/fhir/administrative-gender', concept: [{ code }] }] },
    });
    const flag = (id: string) => ({
      resourceType: 'Flag',
      status: 'active',
      code: { text: 'x' },
      subject: { reference: `Patient/${id}` },
    });
    const organization = (name: string) => ({ resourceType: 'Organization', name });
    const lost = patient('lost', { gender: 'other', managingOrganization: { reference: 'Organization/lost' } });
    before(async () => {
      await make('/Organization/lost', organization('Lost'));
      await make('/Patient/lost', lost);
      await make('/Flag/lost', flag('lost'));
      await make('/ValueSet/lost', set('other'));
    });

    const changes: [by: string, criteria: string, change: Entry][] = [
      ['a chain', 'organization.name=lost', entry('PUT Organization/lost', organization('Found'))],
      ['_has', '_has:Flag:subject:_id=lost', entry('PUT Flag/lost', flag('other'))],
      ['a value set', `gender:in=${SET}`, entry('PUT ValueSet/lost', set('male'))],
    ];
    for (const [by, criteria, change] of changes) {
      const asked: [about: string, made: Entry][] = [
        ['ifNoneExist', entry('POST Patient', patient('lost'), { ifNoneExist: criteria })],
        ['PUT', entry(`PUT Patient?${criteria}`, { ...lost, active: true })],
        ['PATCH', entry(`PATCH Patient?${criteria}`, binary([{ op: 'add', path: '/active', value: true }]))],
      ];
      for (const [about, made] of asked) {
        it(`${about} by ${by}: refused in either order, and nothing is stored`, async () => {
          for (const entries of [
            [made, change],
            [change, made],
          ]) {
            const reply = await transact(entries);
            expect(reply.status, reply.text).to.be.oneOf([404, 422]);
            expect(issue(reply)).to.include(`Bundle.entry[${entries.indexOf(made)}]`);
            expect((await call('GET', '/Patient/lost')).at('meta.versionId')).to.equal('1');
            expect(await count('family=lost')).to.equal(1);
          }
        });
      }
    }

    it('DELETE behind a DELETE of what its criteria look at deletes nothing', async () => {
      const reply = await transact([entry('DELETE Flag/lost'), entry('DELETE Patient?_has:Flag:subject:_id=lost')]);
      expect(statuses(reply), reply.text).to.deep.equal(['204', '204']);
      expect((await call('GET', '/Patient/lost')).status).to.equal(200);
    });

    it('PUT that changes what its own criteria look at is done', async () => {
      const moved = { ...lost, managingOrganization: undefined };
      const reply = await transact([entry('PUT Patient?organization.name=lost', moved)]);
      expect(statuses(reply), reply.text).to.deep.equal(['200']);
    });
  });
});
