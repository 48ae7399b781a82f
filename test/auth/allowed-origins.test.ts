import { expect } from 'chai';
import { describe, it } from 'mocha';
import { createAllowedOrigins, type OriginsEngine } from '../../auth/clients/allowed-origins.ts';
import type { Ward } from '../../server/open.ts';
import { openedWard } from './opened.ts';

const ORIGIN = 'https://app.example';

describe('origins of Clients', () => {
  const ward = openedWard();
  let walks: number;

  /** The engine itself, which counts how often it is asked for all of a type. */
  function counting({ engine }: Ward): OriginsEngine {
    walks = 0;
    return {
      exclusive: engine.exclusive,
      accessGeneration: () => engine.accessGeneration(),
      onCommit: (listener) => engine.onCommit(listener),
      every: (type) => {
        walks += 1;
        return engine.every(type);
      },
    };
  }
  const put = (origins: string[]) => {
    const client = { resourceType: 'Client', id: 'app', allowed_origins: origins };
    return ward().engine.update('Client', 'app', client, { by: 'server' });
  };

  it('the Clients are read once for as long as none of them changes, by many at once too', async () => {
    const origins = createAllowedOrigins(counting(ward()));
    await put([ORIGIN]);
    const asked = await Promise.all(Array.from({ length: 20 }, (_, at) => origins.has(at % 2 ? ORIGIN : 'https://x')));
    expect(asked.filter(Boolean)).to.have.length(10);
    for (let at = 0; at < 20; at += 1) expect(await origins.has(ORIGIN)).to.equal(true);
    expect(walks).to.equal(1);
    await put(['https://other.example']);
    expect([await origins.has(ORIGIN), await origins.has('https://other.example')]).to.eql([false, true]);
    expect(walks).to.equal(2);
  });
});
