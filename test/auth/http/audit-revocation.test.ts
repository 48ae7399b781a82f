/** What the audit tells of `POST /Session/$revoke`: which search it was given, and how many it ended. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { asRoot } from '../../harness/server.ts';
import { until } from '../../server/poll.ts';
import { type Api, startApi } from './api.ts';

/** What tells of the search, beside an event of each Session that it ended. */
const TOLD = '/AuditEvent?subtype=token-revoked&altid=Client/root&entity-name=POST%20Session/$revoke';

interface Entity {
  name?: string;
  query?: string;
  role?: { code: string };
  detail?: { type: string; valueString: string }[];
}

describe('auth: audit of POST /Session/$revoke', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    await api.put('/Client/app', { secret: 'app-secret', grant_types: ['client_credentials'] });
    await api.put('/User/ann', {});
  });
  after(() => api.stop());

  const begin = () => api.granted('grant_type=client_credentials', { as: { basic: ['app', 'app-secret'] } });
  let seen = 0;
  /** The entities of the one event that a revocation makes. */
  const told = async (query: string): Promise<Entity[]> => {
    const reply = await api.request('POST', `/Session/$revoke?${query}`, { as: asRoot });
    expect(reply.status, reply.text).to.equal(200);
    let events: Record<string, unknown>[] = [];
    await until('an event', async () => {
      api.pass(11);
      events = await api.found(`${TOLD}&_sort=-_lastUpdated`);
      return events.length > seen;
    });
    seen += 1;
    expect(events).to.have.length(seen);
    return events[0]?.['entity'] as Entity[];
  };
  const expressionIn = (entities: Entity[]) => Buffer.from(entities[1]?.query ?? '', 'base64').toString();

  it('the number that was ended, and the search as a query', async () => {
    await begin();
    await begin();
    const entities = await told('client=Client/app&active=true&start=ge2020-01-01');
    expect(entities[0]).to.eql({ name: 'POST Session/$revoke', detail: [{ type: 'ended', valueString: '2' }] });
    expect(entities[1]?.role?.code).to.equal('24');
    expect(expressionIn(entities)).to.equal('client=Client/app&active=true&start=ge2020-01-01');
    await api.expectValid(TOLD);
  });

  it('none, where a User was signed out alone; except=current is no part of the search', async () => {
    const entities = await told('user=User/ann');
    expect(entities[0]?.detail).to.eql([{ type: 'ended', valueString: '0' }]);
    expect(expressionIn(entities)).to.equal('user=User/ann');
  });

  it('no value that may be a secret in the wrong place', async () => {
    const token = (await begin()).string('access_token');
    const secrets = [token, 'app-secret', 'a.b.c'];
    const [session] = await api.found('/Session?active=true&client=app');
    const jti = [session?.['id'], ...secrets].join(',');
    const many = Array.from({ length: 30 }, (_, at) => `maybe-${at}`).join(',');
    const entities = await told(
      `jti=${jti}&client=app,app-secret&ip:not=10.0.0.1,${token}&type=client_credentials,${many}`,
    );
    expect(entities[0]?.detail?.[0]?.valueString).to.equal('1');
    const known = `jti=${session?.['id']},…,…,…&client=app,…&ip:not=10.0.0.1,…&type=client_credentials`;
    expect(expressionIn(entities)).to.equal(`${known}${',…'.repeat(11)}&…`);
  });

  it('an expression without a criterion is told one of Sessions', async () => {
    for (const query of ['', '?_count=5']) {
      const reply = await api.request('POST', `/Session/$revoke${query}`, { as: asRoot });
      expect(reply.status).to.equal(412);
      expect(reply.string('issue.0.diagnostics')).to.equal(
        'At least one search criterion is required: Session?client=…',
      );
    }
    const patients = await api.request('DELETE', '/Patient', { as: asRoot });
    expect(patients.string('issue.0.diagnostics')).to.include('Patient?identifier=…');
  });
});
