/** What is judged of a Bundle: each entry as the request it stands for. Attacks by name. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type Api, startApi } from '../auth/http/api.ts';
import { binary, entry, issue, send, statuses } from './bundles.ts';

const SECRET = 'app-secret';
const patient = (family: string, more: object = {}) => ({ resourceType: 'Patient', name: [{ family }], ...more });

describe('interactions: access', () => {
  let api: Api;
  let count = 0;
  before(async () => {
    api = await startApi();
    await api.put('/Patient/p', patient('there', { identifier: [{ value: 'known' }] }));
  });
  after(() => api.stop());

  /** A client that may do these operations, and no others. */
  async function clientFor(operations: string[], more: object = { engine: 'allow' }) {
    count += 1;
    const id = `app${count}`;
    await api.put(`/Client/${id}`, { secret: SECRET, grant_types: ['basic'] });
    const link = operations.map((operation) => ({ resourceType: 'Operation', id: operation }));
    if (operations.length > 0) {
      await api.put(`/AccessPolicy/${id}`, { ...more, link: [{ reference: `Client/${id}` }, ...link] });
    }
    return { as: { basic: [id, SECRET] as const } };
  }
  const versionOf = async (path: string) => (await api.found(`${path}&_elements=id`)).length;

  describe('Bundle entry skipping the policy', () => {
    const rows: [line: string, resource: object | undefined, needs: string[]][] = [
      ['GET Patient/p', undefined, ['Patient.read']],
      ['HEAD Patient/p', undefined, ['Patient.read']],
      ['GET Patient/p/_history/1', undefined, ['Patient.vread']],
      ['GET Patient/p/_history', undefined, ['Patient.history']],
      ['GET Patient/_history', undefined, ['Patient.history']],
      ['GET Patient', undefined, ['Patient.search']],
      ['POST Patient/_search', undefined, ['Patient.search']],
      ['POST Patient', patient('a'), ['Patient.create']],
      ['PUT Patient/new', patient('a'), ['Patient.update']],
      ['PATCH Patient/p', binary([{ op: 'add', path: '/active', value: true }]), ['Patient.patch']],
      ['DELETE Patient/none', undefined, ['Patient.delete']],
      ['POST Patient/$validate', patient('a'), ['Patient.validate']],
      ['POST $validate', patient('a'), ['Patient.validate']],
      [
        'PUT Patient?identifier=known',
        patient('a', { identifier: [{ value: 'known' }] }),
        ['Patient.update', 'Patient.search'],
      ],
      ['PATCH Patient?identifier=known', binary([]), ['Patient.patch', 'Patient.search']],
      ['DELETE Patient?identifier=nobody', undefined, ['Patient.delete', 'Patient.search']],
    ];
    for (const [line, resource, needs] of rows) {
      it(`${line} needs ${needs.join(' and ')}`, async () => {
        const made = entry(line, resource);
        for (const missing of needs) {
          const as = await clientFor(needs.filter((need) => need !== missing));
          for (const type of ['batch', 'transaction']) {
            const reply = await send(api, type, [made], as);
            if (type === 'batch') expect(statuses(reply), reply.text).to.deep.equal(['403']);
            else expect([reply.status, issue(reply)], reply.text).to.deep.equal([403, 'forbidden Bundle.entry[0]']);
          }
        }
        const as = await clientFor(needs);
        for (const type of ['batch', 'transaction']) {
          const reply = await send(api, type, [made], as);
          expect(reply.status, reply.text).to.equal(200);
          expect(statuses(reply)[0], reply.text).to.match(/^2/);
        }
      });
    }

    it('ifNoneExist needs search, and tells nothing of what it would have found', async () => {
      const as = await clientFor(['Patient.create']);
      const replies = [];
      for (const value of ['known', 'unknown']) {
        const made = entry('POST Patient', patient('a'), { ifNoneExist: `identifier=${value}` });
        replies.push(await send(api, 'transaction', [made], as));
      }
      expect(replies.map(({ status, text }) => [status, text])).to.deep.equal([
        [403, replies[0]?.text],
        [403, replies[0]?.text],
      ]);
    });

    it('a conditional reference needs search of its type', async () => {
      const link = { link: [{ other: { reference: 'Patient?identifier=known' }, type: 'seealso' }] };
      const made = entry('POST Patient', patient('a', link));
      const reply = await send(api, 'transaction', [made], await clientFor(['Patient.create']));
      expect(reply.status).to.equal(403);
      const allowed = await clientFor(['Patient.create', 'Patient.search']);
      expect((await send(api, 'transaction', [made], allowed)).status).to.equal(200);
    });

    it('one entry that is denied undoes the transaction', async () => {
      const as = await clientFor(['Patient.create']);
      const reply = await send(
        api,
        'transaction',
        [entry('POST Patient', patient('undone')), entry('DELETE Patient/p')],
        as,
      );
      expect([reply.status, issue(reply)]).to.deep.equal([403, 'forbidden Bundle.entry[1]']);
      expect(await versionOf('/Patient?family=undone')).to.equal(0);
    });

    it('the anonymous may send a Bundle, and do what the anonymous may do', async () => {
      const reply = await api.request('POST', '/', {
        json: { resourceType: 'Bundle', type: 'batch', entry: [entry('GET Patient/p')] },
      });
      expect([reply.status, statuses(reply)]).to.deep.equal([200, ['401']]);
      const whole = await api.request('POST', '/', {
        json: { resourceType: 'Bundle', type: 'transaction', entry: [entry('GET Patient/p')] },
      });
      expect([whole.status, whole.header('www-authenticate')]).to.deep.equal([401, 'Bearer realm="ward"']);
    });

    it('a bad credential is 401, whatever is in the Bundle', async () => {
      const as = { basic: ['root', 'wrong'] as const };
      expect((await send(api, 'batch', [], { as })).status).to.equal(401);
    });
  });

  describe('what a policy sees of an entry', () => {
    it('method, address and parameters are those of the entry', async () => {
      const matcho = {
        'request-method': 'get',
        uri: '/Patient',
        params: { identifier: 'known', 'resource/type': 'Patient' },
      };
      const as = await clientFor(['Patient.search'], { engine: 'matcho', matcho });
      const reply = await send(api, 'batch', [entry('GET Patient?identifier=known'), entry('GET Patient')], {
        ...as,
        path: '/?identifier=known&resource/type=Patient',
      });
      expect(statuses(reply)).to.deep.equal(['200', '403']);
    });

    it('headers that are those of one request are the entry’s own, not the Bundle’s', async () => {
      const headers = { 'if-match': 'W/"1"', 'if-none-exist': 'identifier=known', 'x-other': 'x' };
      const seen: [header: object, line: string, resource: object, further: Record<string, string>, status: string][] =
        [
          [{ 'if-match': 'present?' }, 'PUT Patient/headed', patient('a'), {}, '403'],
          [{ 'if-match': 'present?' }, 'PUT Patient/headed', patient('a'), { ifMatch: 'W/"7"' }, '412'],
          [{ 'if-match': 'nil?', 'x-other': 'x' }, 'PUT Patient/headed', patient('a'), {}, '201'],
          [{ 'if-none-exist': 'present?' }, 'POST Patient', patient('a'), {}, '403'],
          [{ 'if-none-exist': 'nil?' }, 'POST Patient', patient('a'), { ifNoneExist: 'identifier=known' }, '403'],
          [{ 'content-type': '#.*/json' }, 'PATCH Patient/p', binary([]), {}, '403'],
          [{ 'content-type': 'application/json-patch+json' }, 'PATCH Patient/p', binary([]), {}, '200'],
          [
            { 'content-type': 'application/merge-patch+json' },
            'PATCH Patient/p',
            { resourceType: 'Patient' },
            {},
            '200',
          ],
        ];
      const operations = ['Patient.update', 'Patient.create', 'Patient.patch', 'Patient.search'];
      for (const [header, line, resource, further, status] of seen) {
        const as = await clientFor(operations, { engine: 'matcho', matcho: { headers: header } });
        const reply = await send(api, 'batch', [entry(line, resource, further)], { ...as, headers });
        expect(statuses(reply), `${JSON.stringify(header)} ${line} ${reply.text}`).to.deep.equal([status]);
      }
    });

    it('the body is the one that is stored: links are resolved before it is judged', async () => {
      const fullUrl = 'urn:uuid:44444444-4444-4444-8444-444444444444';
      const matcho = { body: { link: { $contains: { other: { reference: 'Patient/allowed' } } } } };
      const as = await clientFor(['Patient.create'], { engine: 'matcho', matcho });
      const update = await clientFor([]);
      await api.put(`/AccessPolicy/${update.as.basic[0]}`, {
        engine: 'complex',
        or: [
          { engine: 'matcho', matcho },
          { engine: 'matcho', matcho: { 'request-method': 'put' } },
        ],
        link: [{ reference: `Client/${update.as.basic[0]}` }],
      });
      const link = (reference: string) => ({ link: [{ other: { reference }, type: 'seealso' }] });
      expect(
        (await send(api, 'batch', [entry('POST Patient', patient('a', link(fullUrl)))], as)).at(
          'entry.0.response.status',
        ),
      ).to.equal('403');
      const through = (id: string) =>
        send(
          api,
          'transaction',
          [entry('POST Patient', patient('a', link(fullUrl))), entry(`PUT Patient/${id}`, patient('b'), {}, fullUrl)],
          update,
        );
      expect((await through('allowed')).status).to.equal(200);
      expect((await through('another')).status).to.equal(403);
    });

    it('policies hold as they were before the Bundle', async () => {
      const as = await clientFor(['AccessPolicy.create', 'Client.create']);
      const policy = {
        resourceType: 'AccessPolicy',
        engine: 'allow',
        link: [{ reference: `Client/${as.as.basic[0]}` }],
      };
      const raised = await send(
        api,
        'transaction',
        [entry('POST AccessPolicy', policy), entry('DELETE Patient/p')],
        as,
      );
      expect([raised.status, issue(raised)]).to.deep.equal([403, 'forbidden Bundle.entry[1]']);
      const batch = await send(api, 'batch', [entry('POST AccessPolicy', policy), entry('GET Patient/p')], as);
      expect(statuses(batch)).to.deep.equal(['201', '403']);
      // From the next request on, it holds.
      expect(statuses(await send(api, 'batch', [entry('GET Patient/p')], as))).to.deep.equal(['200']);
    });
  });

  describe('forging a Session by Bundle or PATCH', () => {
    const forged = { resourceType: 'Session', type: 'password', active: true, client: { reference: 'Client/root' } };
    for (const type of ['batch', 'transaction']) {
      for (const line of ['POST Session', 'PUT Session/forged', 'PUT Session?jti=nothing']) {
        it(`${line} in a ${type}: 422`, async () => {
          const reply = await send(api, type, [entry(line, forged)]);
          const told = type === 'batch' ? issue(reply, 'entry.0.response.outcome.issue.0') : issue(reply);
          expect(told, reply.text).to.match(/^business-rule\b/);
          expect(await versionOf('/Session?type=password')).to.equal(0);
        });
      }
    }

    it('PATCH may switch one off, and set nothing else', async () => {
      await api.put('/Client/patched', { secret: SECRET, grant_types: ['client_credentials'] });
      const form = { grant_type: 'client_credentials', client_id: 'patched', client_secret: SECRET };
      await api.granted(form);
      const [session] = await api.found('/Session?client=Client/patched');
      for (const [path, value] of [
        ['/exp', '2100-01-01T00:00:00Z'],
        ['/client', { reference: 'Client/root' }],
        ['/scope', ['everything']],
        ['/user', { reference: 'User/root' }],
      ]) {
        const patch = binary([{ op: 'add', path, value }]);
        const reply = await send(api, 'transaction', [entry(`PATCH Session/${session?.['id']}`, patch)]);
        expect([reply.status, issue(reply, 'issue.0').split(' ')[0]], reply.text).to.deep.equal([422, 'business-rule']);
      }
      const off = binary({ active: false }, 'application/merge-patch+json');
      const reply = await send(api, 'transaction', [entry(`PATCH Session/${session?.['id']}`, off)]);
      expect(statuses(reply), reply.text).to.deep.equal(['200']);
      const on = binary({ active: true }, 'application/merge-patch+json');
      expect((await send(api, 'transaction', [entry(`PATCH Session/${session?.['id']}`, on)])).status).to.equal(422);
    });

    it('PATCH of one that another entry ends: 422, and nothing is stored', async () => {
      await api.put('/Client/ended', { secret: SECRET, grant_types: ['client_credentials'] });
      await api.granted({ grant_type: 'client_credentials', client_id: 'ended', client_secret: SECRET });
      const [session] = await api.found('/Session?client=Client/ended');
      const off = entry(`PATCH Session/${session?.['id']}`, binary({ active: false }, 'application/merge-patch+json'));
      const changes = [
        entry('DELETE Client/ended'),
        entry('PUT Client/ended', { resourceType: 'Client', secret: 'another secret', grant_types: ['password'] }),
      ];
      for (const change of changes) {
        const reply = await send(api, 'transaction', [change, off]);
        expect([reply.status, issue(reply)], reply.text).to.deep.equal([422, 'business-rule Bundle.entry[1]']);
        expect((await api.found('/Session?client=Client/ended&active=true')).length).to.equal(1);
      }
    });
  });

  it('mass assignment of server-set fields: ids, versions and times are those of the server', async () => {
    const meta = { versionId: '77', lastUpdated: '1999-01-01T00:00:00Z' };
    const reply = await send(api, 'transaction', [
      entry('POST Patient', patient('assigned', { id: 'mine', meta })),
      entry('POST Patient', patient('assigned', { id: 'mine', meta }), { ifNoneExist: 'family=nobody-of-this-name' }),
      entry('PUT Patient/yours', patient('assigned', { meta })),
      entry('PATCH Patient/p', binary([{ op: 'add', path: '/meta/versionId', value: '99' }])),
    ]);
    expect(reply.status, reply.text).to.equal(200);
    for (const at of [0, 1, 2]) {
      expect(reply.at(`entry.${at}.resource.meta.versionId`)).to.equal('1');
      expect(reply.at(`entry.${at}.resource.meta.lastUpdated`)).to.not.equal(meta.lastUpdated);
      expect(reply.at(`entry.${at}.resource.id`)).to.not.equal('mine');
    }
    expect(reply.at('entry.3.resource.meta.versionId')).to.not.equal('99');
    const moved = entry('PATCH Patient/p', binary([{ op: 'replace', path: '/id', value: 'root' }]));
    expect((await send(api, 'transaction', [moved])).status).to.equal(422);
  });

  it('an entry cannot close the session of its caller, nor reach an endpoint of auth', async () => {
    const reply = await send(api, 'batch', [
      entry('DELETE Session'),
      entry('POST auth/revoke', { resourceType: 'Parameters' }),
      entry('GET auth/userinfo'),
      entry('GET metadata'),
    ]);
    expect(statuses(reply), reply.text).to.deep.equal(['412', '422', '422', '422']);
  });
});
