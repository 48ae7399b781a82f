/** What two nodes are asked for at the same moment is decided in one order, as if one of them had been asked first. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import { DATABASE_KIND, type TestDatabase } from '../../harness/database.ts';
import { startClockedServer } from '../../harness/in-process.ts';
import { preparedDatabase } from '../../harness/prepared.ts';
import { until } from '../../server/poll.ts';
import { type Api, apiOf } from './api.ts';
import { browserOf, CHALLENGE, codeIn, sealedIn, VERIFIER } from './browser.ts';

const ISSUER = 'http://ward.example';
const CALLBACK = 'https://app.example/callback';
const QUERY = {
  response_type: 'code',
  client_id: 'app',
  redirect_uri: CALLBACK,
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

/** Whoever stores a code waits, with all that it has locked, for as long as somebody holds this lock. */
const HOLD_CODES = `
  CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$;
  CREATE TRIGGER hold BEFORE INSERT ON credential FOR EACH ROW WHEN (NEW.name = 'code') EXECUTE FUNCTION hold()`;

// A SQLite file has one process.
if (DATABASE_KIND === 'postgres') {
  describe('races of two nodes', () => {
    let database: TestDatabase;
    let nodes: [Api, Api];
    let client: pg.Client;
    before(async () => {
      database = await preparedDatabase();
      const start = async () => apiOf(await startClockedServer({ BASE_URL: ISSUER }, database), ISSUER);
      nodes = [await start(), await start()];
      const auth = { authorization_code: { redirect_uris: [CALLBACK] } };
      await nodes[0].put('/Client/app', { grant_types: ['authorization_code'], first_party: true, auth });
      await nodes[0].put('/User/ann', { password: 'correct-horse' });
      client = new pg.Client({ connectionString: database.url });
      await client.connect();
      await client.query(HOLD_CODES);
    });
    after(async () => {
      await client.end();
      for (const each of nodes) await each.stop();
      await database.drop();
    });

    const waiting = async () => {
      const sql = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
      return (await client.query(sql)).rows.length;
    };

    it('a code that is given while its person signs out of the browser is not good', async () => {
      const [left, right] = nodes;
      const ann = browserOf(left);
      await ann.authorize(QUERY);
      const form = { interaction: sealedIn(await ann.get('/auth/logout')) };
      await client.query('SELECT pg_advisory_lock(42)');
      const given = ann.open(QUERY);
      await until('the code is about to be stored', async () => (await waiting()) === 1);
      let isOut = false;
      const headers = { cookie: `ward=${ann.cookies.get('ward')}` };
      const signedOut = right.request('POST', '/auth/logout', { form, headers }).finally(() => {
        isOut = true;
      });
      await until('the other is done, or waits', async () => isOut || (await waiting()) === 2);
      await client.query('SELECT pg_advisory_unlock(42)');
      expect((await signedOut).text).to.include('<h1>You are signed out</h1>');
      const sent = { grant_type: 'authorization_code', client_id: 'app', redirect_uri: CALLBACK };
      const { status, text } = await right.token({ ...sent, code: codeIn(await given), code_verifier: VERIFIER });
      expect(status, text).to.equal(400);
    });
  });
}
