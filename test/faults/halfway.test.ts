/** What fails halfway: nothing is spent for an answer that cannot be given, and what is answered is so. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { type Api, apiOf } from '../auth/http/api.ts';
import { browserOf, CHALLENGE, codeIn, VERIFIER } from '../auth/http/browser.ts';
import { DATABASE_KIND, type TestDatabase } from '../harness/database.ts';
import { startClockedServer } from '../harness/in-process.ts';
import { preparedDatabase } from '../harness/prepared.ts';
import { asRoot } from '../harness/server.ts';

const CALLBACK = 'https://app.example/callback';

// On SQLite the keys are in memory.
(DATABASE_KIND === 'postgres' ? describe : describe.skip)('faults: what fails halfway', () => {
  let database: TestDatabase;
  let api: Api;
  let client: pg.Client;
  before(async () => {
    database = await preparedDatabase();
    const server = await startClockedServer({}, database);
    api = apiOf(server, server.baseUrl);
    const auth = { authorization_code: { redirect_uris: [CALLBACK], refresh_token: true } };
    await api.put('/Client/app', { grant_types: ['authorization_code'], first_party: true, auth });
    await api.put('/User/ann', { password: 'correct-horse' });
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
  });
  after(async () => {
    await client.end();
    await api.stop();
    await database.drop();
  });

  it('a code whose ID token cannot be signed is not spent: 503, and it is good when the keys can be read', async () => {
    const asked = { response_type: 'code', client_id: 'app', redirect_uri: CALLBACK };
    const proof = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
    const code = codeIn(await browserOf(api).authorize({ ...asked, ...proof, scope: 'openid offline_access' }));
    const sent = { grant_type: 'authorization_code', client_id: 'app', redirect_uri: CALLBACK };
    const exchange = () => api.token({ ...sent, code, code_verifier: VERIFIER });
    await client.query('ALTER TABLE signing_key RENAME TO signing_key_away');
    // What was read of the keys is taken for a second.
    api.pass(2);
    const refused = await exchange();
    expect([refused.status, refused.header('retry-after')], refused.text).to.eql([503, '1']);
    await client.query('ALTER TABLE signing_key_away RENAME TO signing_key');
    const given = await exchange();
    expect(given.status, given.text).to.equal(200);
    expect(given.string('id_token')).to.be.a('string');
    expect((await api.found('/Session?client=Client/app')).map(({ active }) => active)).to.eql([true]);
  });

  it('an end of many Sessions tells how many have ended, and the same request ends the rest', async () => {
    await api.put('/Client/machine', { secret: 'a', grant_types: ['client_credentials'] });
    const login = { grant_type: 'client_credentials', client_id: 'machine', client_secret: 'a' };
    const tokens: string[] = [];
    for (let at = 0; at < 51; at += 1) tokens.push((await api.granted(login)).string('access_token'));
    const last = (await api.found('/Session?client=Client/machine&_sort=-start&_count=1'))[0]?.['id'];
    await client.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;
      CREATE TRIGGER refuse BEFORE UPDATE ON resource FOR EACH ROW WHEN (NEW.id = '${String(last)}')
        EXECUTE FUNCTION refuse()`);
    const revoke = () => api.request('POST', '/Session/$revoke?client=Client/machine', { as: asRoot });
    const refused = await revoke();
    expect([refused.status, refused.header('retry-after')], refused.text).to.eql([503, '1']);
    expect(refused.string('issue.0.diagnostics')).to.match(/^50 Sessions have ended, but others may not have/);
    expect(await api.found('/Session?client=Client/machine&active=true&_elements=id')).to.have.length(1);
    await client.query('DROP TRIGGER refuse ON resource');
    expect((await revoke()).at('parameter.0.valueInteger')).to.equal(1);
    for (const token of tokens.slice(-2)) expect(await api.statusWith(token)).to.equal(401);
  });
});
