/**
 * What is stored comes back as it was sent: the 1,144 synthetic patients, and of HL7's own definitions a selection of
 * each type that they are made of, with every example value that they give for an element (FHIR R4 4.0.1, CC0).
 */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { equalJson } from '../../resources/json/equal.ts';
import { readJson } from '../../resources/json/read.ts';
import { isObject, type Json, type JsonObject } from '../../resources/json/value.ts';
import { LONG } from '../harness/generated.ts';
import { type ClockedServer, startClockedServer } from '../harness/in-process.ts';
import { patiently } from '../harness/patiently.ts';
import { asRoot } from '../harness/server.ts';

const AT_ONCE = 64;
const JSON_TYPE = { 'content-type': 'application/fhir+json' };

function linesOf(name: string): string[] {
  return readFileSync(new URL(`../data/${name}`, import.meta.url), 'utf8')
    .trim()
    .split('\n');
}

/** A resource without what the server sets. */
function contentOf(resource: Json): JsonObject {
  if (!isObject(resource)) throw new Error('no resource');
  const { meta, ...rest } = resource;
  const { versionId: _versionId, lastUpdated: _lastUpdated, ...kept } = isObject(meta) ? meta : {};
  return Object.keys(kept).length > 0 ? { ...rest, meta: kept } : rest;
}

function addressOf({ resourceType, id }: Record<string, Json>): string {
  return `/${String(resourceType)}/${String(id)}`;
}

describe('resources: round trips', () => {
  let server: ClockedServer;
  before(async () => {
    server = await startClockedServer();
  });
  after(() => server.stop());

  async function each(texts: string[], check: (text: string) => Promise<void>): Promise<void> {
    for (let at = 0; at < texts.length; at += AT_ONCE) await Promise.all(texts.slice(at, at + AT_ONCE).map(check));
  }

  async function stored(text: string): Promise<void> {
    const sent = contentOf(readJson(text));
    const at = addressOf(sent);
    const written = await patiently(() => server.request('PUT', at, { as: asRoot, headers: JSON_TYPE, body: text }));
    expect(written.status, written.text.slice(0, 500)).to.equal(201);
    const read = await patiently(() => server.request('GET', at, { as: asRoot }));
    expect(equalJson(contentOf(readJson(read.text)), sent), at).to.equal(true);
  }

  /** As YAML and back, nothing has changed: the same version stays. */
  async function throughYaml(text: string): Promise<void> {
    const at = addressOf(contentOf(readJson(text)));
    const headers = { accept: 'text/yaml' };
    const yaml = (await patiently(() => server.request('GET', at, { as: asRoot, headers }))).text;
    const again = await patiently(() => server.request('PUT', at, { as: asRoot, yaml }));
    expect(again.status, again.text.slice(0, 500)).to.equal(200);
    expect(again.at('meta.versionId'), at).to.equal('1');
  }

  for (const name of ['examples.ndjson', 'patients.ndjson']) {
    const texts = linesOf(name);
    it(`${name}: all ${texts.length} come back equal`, () => each(texts, stored));
    // The patients are much alike: the ordinary run takes some of them through YAML.
    const some = LONG || name !== 'patients.ndjson' ? texts : texts.filter((_, at) => at % 8 === 0);
    it(`${name}: and ${some.length} through YAML too`, () => each(some, throughYaml));
    it(`${name}: and from an export of their type by pages`, async () => {
      const type = name === 'patients.ndjson' ? 'Patient' : 'CodeSystem';
      const sent = new Map(
        texts.map((text) => contentOf(readJson(text))).map((resource) => [addressOf(resource), resource]),
      );
      let path: string | undefined = `/${type}?_count=500`;
      let count = 0;
      while (path !== undefined) {
        const page = await server.request('GET', path, { as: asRoot });
        const bundle = readJson(page.text) as { entry?: { resource: JsonObject }[] };
        for (const { resource } of bundle.entry ?? []) {
          expect(equalJson(contentOf(resource), sent.get(addressOf(resource)) ?? null), addressOf(resource)).to.equal(
            true,
          );
          count += 1;
        }
        const links = page.list('link') as { relation: string; url: string }[];
        const next = links.find(({ relation }) => relation === 'next');
        path = next && `/${type}${new URL(next.url).search}`;
      }
      expect(count).to.equal([...sent.keys()].filter((at) => at.startsWith(`/${type}/`)).length);
    });
  }

  const DECIMALS = ['2.30', '0.00', '-0.10', '1.0e3', '1E-7', '12345678901234567890.123', '100', '1.10'];
  it('decimals keep their digits', async () => {
    const components = DECIMALS.map((value) => `{"code":{"text":"x"},"valueQuantity":{"value":${value}}}`);
    const body = `{"status":"final","code":{"text":"x"},"component":[${components.join(',')}]}`;
    const written = await server.request('PUT', '/Observation/d', { as: asRoot, headers: JSON_TYPE, body });
    expect(written.status, written.text).to.equal(201);
    for (const reply of [
      written,
      await server.request('GET', '/Observation/d', { as: asRoot }),
      await server.request('GET', '/Observation', { as: asRoot }),
      await server.request('GET', '/Observation/d/_history/1', { as: asRoot }),
    ]) {
      expect([...reply.text.matchAll(/"value":([^}]*)\}/g)].map(([, digits]) => digits)).to.eql(DECIMALS);
    }
  });
});
