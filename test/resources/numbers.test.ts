/** Numbers keep the digits they were written with, in every format (FHIR R4 §2.24.0.1, decimal). */
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { asRoot } from '../harness/server.ts';

const URL = 'http://example.org/measure';
const DIGITS = [
  '2.30',
  '0.0',
  '-0.50',
  '1e3',
  '1.0E-10',
  '123456789012345678901234567890',
  '3.14159265358979323846',
  '100',
];

describe('resources: numbers', () => {
  let server: ClockedServer;
  let count = 0;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  async function put(path: string, type: string, body: string) {
    return server.request('PUT', path, { as: asRoot, headers: { 'content-type': type }, body });
  }
  const read = async (path: string, accept: string) =>
    (await server.request('GET', path, { as: asRoot, headers: { accept } })).text;

  for (const digits of DIGITS) {
    const json = `{"extension":[{"url":"${URL}","valueDecimal":${digits}}]}`;
    it(`${digits} comes back as it was sent, as JSON and through YAML`, async () => {
      count += 1;
      const path = `/Patient/n${count}`;
      expect((await put(path, 'application/json', json)).status).to.equal(201);
      expect(await read(path, 'application/json')).to.include(`"valueDecimal":${digits}}`);
      expect(await read(`/Patient?_id=n${count}`, 'application/json')).to.include(`"valueDecimal":${digits}}`);

      const again = await put(path, 'text/yaml', await read(path, 'text/yaml'));
      expect([again.status, again.header('etag')], again.text).to.deep.equal([200, 'W/"1"']);
      expect(await read(path, 'application/json')).to.include(`"valueDecimal":${digits}}`);
    });
  }

  it('more digits of the same value are a change', async () => {
    const body = (digits: string) => `{"extension":[{"url":"${URL}","valueDecimal":${digits}}]}`;
    await put('/Patient/precise', 'application/json', body('2.3'));
    expect((await put('/Patient/precise', 'application/json', body('2.30'))).header('etag')).to.equal('W/"2"');
  });

  it('YAML keeps them too', async () => {
    await put('/Patient/yaml', 'text/yaml', `extension:\n- url: ${URL}\n  valueDecimal: 2.30\n`);
    expect(await read('/Patient/yaml', 'application/json')).to.include('"valueDecimal":2.30');
    expect(await read('/Patient/yaml', 'text/yaml')).to.match(/valueDecimal: 2\.30$/m);
  });

  it('in open elements as well', async () => {
    await put('/User/numbers', 'application/json', '{"data":{"a":[2.30,1e3,10000000000000000000001]}}');
    expect(await read('/User/numbers', 'application/json')).to.include(
      '"data":{"a":[2.30,1e3,10000000000000000000001]}',
    );
  });
});
