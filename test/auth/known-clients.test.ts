import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createKnownClients, type KnownClients } from '../../auth/clients/known-clients.ts';
import { openedWard } from './opened.ts';

describe('known clients', () => {
  const ward = openedWard();

  /** Known Clients whose look-ups are told before they are made. */
  function knownBy(asked: () => void): KnownClients {
    const { engine } = ward();
    return createKnownClients({
      find: (...of) => engine.find(...of),
      accessGeneration: () => engine.accessGeneration(),
      credentials: {
        find: (hash) => engine.credentials.find(hash),
        of: async (...of) => {
          asked();
          return engine.credentials.of(...of);
        },
      },
    });
  }

  it('a look-up that fails is not remembered', async () => {
    let fails = true;
    const known = knownBy(() => {
      if (fails) throw new Error('The database does not answer.');
    });
    expect(await known.find('root').catch(String)).to.equal('Error: The database does not answer.');
    fails = false;
    expect(await known.find('root')).to.have.nested.property('client.id', 'root');
  });

  it('a crowd that asks for the same one shares one look-up, and a change of it begins another', async () => {
    const { engine } = ward();
    let asked = 0;
    const known = knownBy(() => {
      asked += 1;
    });
    const crowd = () => Promise.all(Array.from({ length: 100 }, () => known.find('root')));
    const names = (await crowd()).map((each) => `${each?.client.id} ${each?.secrets.length}`);
    expect([[...new Set(names)], asked]).to.deep.equal([['root 1'], 1]);
    await engine.create('Client', { resourceType: 'Client', grant_types: ['basic'] }, { by: 'server' });
    await crowd();
    expect(asked).to.equal(2);
  });
});
