/** What a transaction reads, and that it keeps nobody from writing meanwhile. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { TestDatabase } from '../harness/database.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';
import { holdWriter } from '../server/hold-writer.ts';
import { entry, issue, send, statuses } from './bundles.ts';

describe('interactions: what a transaction reads', () => {
  let database: TestDatabase;
  let server: ClockedServer;
  /** How long each search of a job appears to take, in milliseconds. */
  let slowness = 0;
  before(async () => {
    database = await preparedDatabase();
    let passed = 0;
    const elapsed = () => {
      passed += slowness;
      return passed;
    };
    server = await startClockedServer({}, database, Date.now, { elapsed });
    for (const id of ['a', 'b']) await put(id, { gender: 'male' });
  });
  after(async () => {
    await server.stop();
    await database.drop();
  });

  const put = (at: string, json: object) =>
    server.request('PUT', at.startsWith('/') ? at : `/Patient/${at}`, { as: asRoot, json });
  const basic = { resourceType: 'Basic', code: { text: 'x' } };
  const patients = async () =>
    Number((await server.request('GET', '/Patient?_summary=count', { as: asRoot })).at('total'));
  const searches = (count: number) => Array.from({ length: count }, () => entry('GET Patient?gender=male'));

  it('a transaction that only reads waits for no write, nor does a write wait for it', async () => {
    const { release } = await holdWriter(database.url);
    let isWritten = false;
    const writing = put('written', {}).then(({ status }) => {
      isWritten = true;
      return status;
    });
    const reply = await send(server, 'transaction', [...searches(200), entry('GET Patient/a')]);
    const wasWritten = isWritten;
    await release();
    expect([reply.status, wasWritten, await writing]).to.eql([200, false, 201]);
    expect([statuses(reply).length, reply.at('entry.200.resource.id')]).to.eql([201, 'a']);
    expect(reply.at('entry.0.resource.total')).to.equal(2);
  });

  it('its answers are those of the requests by themselves, and none where one fails', async () => {
    const lines = ['GET Patient/a', 'HEAD Patient/b', 'GET Patient/a/_history', 'GET Patient/a/_history/1'];
    const reply = await send(
      server,
      'transaction',
      lines.map((line) => entry(line)),
    );
    expect([reply.status, statuses(reply)]).to.eql([200, ['200', '200', '200', '200']]);
    expect([reply.at('entry.1.resource'), reply.at('entry.2.resource.total')]).to.eql([undefined, 1]);
    const failed = await send(
      server,
      'transaction',
      [...lines, 'GET Patient/none'].map((line) => entry(line)),
    );
    expect([failed.status, issue(failed)]).to.eql([404, 'not-found Bundle.entry[4]']);
    const huge = await send(server, 'transaction', []);
    expect([huge.status, huge.at('entry')]).to.eql([200, undefined]);
  });

  it('searches while all others wait to write are a hundred at the most, histories among them', async () => {
    const write = entry('PUT Patient/c', { resourceType: 'Patient' });
    const most = [...searches(99), entry('GET Patient/_history')];
    expect((await send(server, 'transaction', [...most, write, entry('GET Patient/a')])).status).to.equal(200);
    const refused = await send(server, 'transaction', [...most, write, entry('GET Patient/a/_history')]);
    expect([refused.status, issue(refused)]).to.eql([422, 'business-rule Bundle.entry[101]']);
  });

  it('a history that passes over very many versions is one of the searches that are slow', async () => {
    const many = Array.from({ length: 600 }, (_, at) => entry(`PUT Basic/b${at}`, basic));
    expect((await send(server, 'batch', many)).status).to.equal(200);
    await put('/Client/none', { secret: 'none-secret', grant_types: ['basic'] });
    const link = [{ reference: 'Client/none' }];
    const criteria = { engine: 'criteria', resource: 'Basic', criteria: '_id=none' };
    await put('/AccessPolicy/rows', { ...criteria, interaction: ['history'], link });
    const create = [...link, { reference: 'Operation/Patient.create' }];
    await put('/AccessPolicy/create', { engine: 'allow', link: create });
    const as = { basic: ['none', 'none-secret'] } as const;
    const json = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [entry('POST Patient', { resourceType: 'Patient' }), entry('GET Basic/_history')],
    };
    const answers: unknown[] = [];
    for (const each of [1000, 4000]) {
      slowness = each;
      const reply = await server.request('POST', '/', { as, json });
      slowness = 0;
      answers.push(reply.status === 200 ? 200 : [reply.status, issue(reply)]);
    }
    expect(answers).to.eql([200, [422, 'too-costly Bundle.entry[1]']]);
  });

  describe('searches of a transaction that are slow', () => {
    for (const [count, line, answer] of [
      [4, 'POST Patient', [200, undefined, 4]],
      [6, 'POST Patient', [422, 'too-costly', 0]],
      [20, 'POST Patient', [422, 'too-costly', 0]],
      [20, 'DELETE Patient?phone=1', [422, 'too-costly', 0]],
    ] as const) {
      it(`${count} of ${line} are answered with ${answer[0]}`, async () => {
        const entries = Array.from({ length: count }, (_, at) =>
          line === 'POST Patient'
            ? entry(line, { resourceType: 'Patient' }, { ifNoneExist: `email=${at}` })
            : entry(`${line}${at}`),
        );
        slowness = 800;
        const before = await patients();
        const reply = await send(server, 'transaction', entries);
        slowness = 0;
        expect(
          [reply.status, reply.status === 200 ? undefined : issue(reply), (await patients()) - before],
          reply.text,
        ).to.eql(answer);
      });
    }
  });
});
