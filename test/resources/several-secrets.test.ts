/** Several live secrets of a Client: added without ending anything, so that it is rotated without downtime. */
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const CLIENT = { grant_types: ['client_credentials', 'basic'] };
const [OLD, NEW, THIRD, FOURTH, FIFTH] = ['old-secret', 'new-secret', 'third-secret', 'fourth-secret', 'fifth-secret'];

describe('several live secrets of a Client', () => {
  let server: ClockedServer;
  let count = 0;
  let id: string;
  let bearer: string;
  before(async () => {
    server = await startClockedServer({ SIGNING_ALG: 'ES256' });
    await server.request('PUT', '/AccessPolicy/everyone', { as: asRoot, json: { engine: 'allow' } });
  });
  after(() => server.stop());

  const put = (secret?: unknown) =>
    server.request('PUT', `/Client/${id}`, { as: asRoot, json: secret === undefined ? CLIENT : { ...CLIENT, secret } });
  const token = (secret: string) =>
    server.request('POST', '/auth/token', { as: { basic: [id, secret] }, form: 'grant_type=client_credentials' });
  const right = async (...secrets: string[]) => {
    const statuses = [];
    for (const secret of secrets) statuses.push((await token(secret)).status);
    return statuses;
  };
  const lives = async () => (await server.request('GET', '/Patient', { as: { bearer } })).status === 200;

  beforeEach(async () => {
    count += 1;
    id = `several-${count}`;
    expect((await put(OLD)).status).to.equal(201);
    bearer = (await token(OLD)).string('access_token');
  });

  it('a rotation: the new one is added, both are right, the old one is taken away', async () => {
    const added = await put([NEW, OLD]);
    expect([added.status, added.header('etag')]).to.eql([200, 'W/"2"']);
    expect(added.body).to.not.have.property('secret');
    expect(await right(OLD, NEW, THIRD)).to.eql([200, 200, 401]);
    expect(await lives(), 'a Session from before').to.equal(true);
    expect((await put(NEW)).header('etag')).to.equal('W/"3"');
    expect(await right(OLD, NEW)).to.eql([401, 200]);
    expect(await lives(), 'once one is taken away').to.equal(false);
  });

  it('the same ones in any order, or none named, change nothing', async () => {
    await put([OLD, NEW]);
    for (const again of [[OLD, NEW], [NEW, OLD], undefined]) {
      expect((await put(again)).header('etag')).to.equal('W/"2"');
    }
    expect([await lives(), ...(await right(OLD, NEW))]).to.eql([true, 200, 200]);
  });

  it('four at most; another in the place of one ends the Sessions', async () => {
    await put([OLD, NEW, THIRD, FOURTH]);
    expect(await right(OLD, NEW, THIRD, FOURTH)).to.eql([200, 200, 200, 200]);
    expect(await lives()).to.equal(true);
    await put([OLD, NEW, THIRD, FIFTH]);
    expect([await lives(), ...(await right(FOURTH, FIFTH))]).to.eql([false, 401, 200]);
  });

  it('null removes all of them', async () => {
    await put([OLD, NEW]);
    await put(null);
    expect([await lives(), ...(await right(OLD, NEW))]).to.eql([false, 401, 401]);
  });

  it('a secret that was taken away is not remembered as verified', async () => {
    await put([OLD, NEW]);
    const ask = async (secret: string) =>
      (await server.request('GET', '/Patient', { as: { basic: [id, secret] } })).status;
    expect([await ask(OLD), await ask(NEW)]).to.eql([200, 200]);
    await put(NEW);
    expect([await ask(OLD), await ask(NEW)]).to.eql([401, 200]);
  });

  for (const [why, secret] of [
    ['one in a list', [NEW]],
    ['none', []],
    ['five', [OLD, NEW, THIRD, FOURTH, FIFTH]],
    ['one twice', [NEW, NEW]],
    ['a null among them', [NEW, null]],
    ['an empty one among them', [NEW, '']],
    ['a number among them', [NEW, 12345]],
    ['a list among them', [NEW, [THIRD]]],
    ['one that is too long', [NEW, 'x'.repeat(1025)]],
  ] as const) {
    it(`${why}: refused, naming the element and not the secret, and nothing is changed`, async () => {
      const reply = await put(secret);
      expect(reply.status, reply.text).to.equal(422);
      expect(reply.text).to.match(/Client\.secret/);
      for (const text of [OLD, NEW, THIRD, '12345']) expect(reply.text).to.not.include(text);
      expect([await lives(), ...(await right(OLD, NEW))]).to.eql([true, 200, 401]);
    });
  }

  it('a password is one', async () => {
    const json = { password: [OLD, NEW] };
    expect((await server.request('PUT', '/User/someone', { as: asRoot, json })).status).to.equal(422);
  });

  it('none of several is in any answer', async () => {
    await put([OLD, NEW]);
    for (const path of ['', '/_history', '/_history/2']) {
      const reply = await server.request('GET', `/Client/${id}${path}`, { as: asRoot });
      expect(reply.status).to.equal(200);
      expect(reply.text).to.not.match(/secret"|old-secret|new-secret|argon2/);
    }
  });
});
