/** Tokens that Clients get for themselves, as the audit tells of them: many in one event. */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { startClockedServer } from '../../harness/in-process.ts';
import { until } from '../../server/poll.ts';
import { type Api, apiOf } from './api.ts';

const asApp = { basic: ['app', 'app-secret'] } as const;
const BY_SECRET = { secret: 'app-secret', grant_types: ['client_credentials'] };

interface Event {
  period?: { start: string; end: string };
  agent: { altId?: string; requestor: boolean; network?: { address: string } }[];
  entity?: { what?: { reference: string }; name?: string; detail?: { valueString: string }[] }[];
}

/** Of how many tokens events tell. */
function happened(events: Event[]): number {
  const entities = events.flatMap(({ entity = [] }) => entity);
  return entities.reduce((sum, { detail }) => sum + Number(detail?.[0]?.valueString ?? 1), 0);
}

describe('auth: audit of tokens', () => {
  let api: Omit<Api, 'issuer'>;
  before(async () => {
    api = apiOf(await startClockedServer({ TRUSTED_PROXIES: '127.0.0.1' }), '');
    await api.put('/Client/app', BY_SECRET);
  });
  after(() => api.stop());

  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });
  const eventsFrom = async (address: string) =>
    (await api.found(`/AuditEvent?subtype=token-issued&address=${address}&_count=1000`)) as unknown as Event[];
  /** The events from an address, once the clock has brought all of them. */
  const told = async (address: string, tokens: number): Promise<Event[]> => {
    api.pass(11);
    let found: Event[] = [];
    await until(`events of ${tokens} tokens`, async () => {
      found = await eventsFrom(address);
      return happened(found) === tokens;
    });
    return found;
  };

  it('many tokens of a Client for itself are told together, each with its Session, before their time', async () => {
    const ask = () => api.granted('grant_type=client_credentials', { as: asApp, ...from('10.1.0.23') });
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 30 }, ask));
    await until('many events', async () => happened(await eventsFrom('10.1.0.23')) >= 200);
    const found = await told('10.1.0.23', 300);
    const of = found.flatMap(({ entity = [] }) => entity.map(({ what }) => what?.reference));
    const sessions = await api.found('/Session?ip=10.1.0.23&_count=1000');
    expect(of.sort()).to.eql(sessions.map(({ id }) => `Session/${id}`).sort());
    expect(Math.max(...found.map(({ entity = [] }) => entity.length))).to.be.within(2, 100);
    const [first] = sessions;
    expect(await api.found(`/AuditEvent?entity=Session/${first?.['id']}`)).to.have.length(1);
    for (const { entity = [], period, agent } of found) {
      expect(agent).to.eql([{ altId: 'Client/app', requestor: true, network: { address: '10.1.0.23', type: '2' } }]);
      expect(period === undefined).to.equal(entity.length === 1);
    }
  });

  it('tokens of two Clients, of two addresses and of two grants are told apart', async () => {
    await api.put('/Client/other', BY_SECRET);
    await api.put('/Client/refreshing', { ...BY_SECRET, auth: { client_credentials: { refresh_token: true } } });
    const credentials = 'grant_type=client_credentials';
    const asOther = { basic: ['other', 'app-secret'] } as const;
    const asRefreshing = { basic: ['refreshing', 'app-secret'] } as const;
    const granted = await api.granted(credentials, { as: asRefreshing, ...from('10.1.0.26') });
    const refresh = { grant_type: 'refresh_token', refresh_token: granted.string('refresh_token') };
    for (let at = 0; at < 2; at += 1) {
      await api.granted(credentials, { as: asApp, ...from('10.1.0.26') });
      await api.granted(credentials, { as: asApp, ...from('10.1.0.27') });
      await api.granted(credentials, { as: asOther, ...from('10.1.0.26') });
      await api.granted(refresh, { as: asRefreshing, ...from('10.1.0.26') });
    }
    const events = [...(await told('10.1.0.26', 7)), ...(await told('10.1.0.27', 2))];
    const shown = events.map(({ agent, entity = [] }) => {
      const what = entity.map(({ name, detail }) => `${name} ${detail?.[0]?.valueString ?? 1}`);
      return `${agent[0]?.altId} ${agent[0]?.network?.address}: ${what.join(', ')}`;
    });
    expect(shown.sort()).to.eql([
      'Client/app 10.1.0.26: client_credentials 1, client_credentials 1',
      'Client/app 10.1.0.27: client_credentials 1, client_credentials 1',
      'Client/other 10.1.0.26: client_credentials 1, client_credentials 1',
      'Client/refreshing 10.1.0.26: client_credentials 1',
      'Client/refreshing 10.1.0.26: refresh_token 2',
    ]);
  });
});
