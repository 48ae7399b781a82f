/** The patients of a search, in a server and in the oracle alike. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { Bundle, Patient } from 'fhir/r4.js';
import { LONG } from '../../harness/generated.ts';
import type { ClockedServer } from '../../harness/in-process.ts';
import { asRoot } from '../../harness/server.ts';
import { CAST } from './cast.ts';
import type { Resource } from './parameters.ts';
import { World } from './world.ts';

const LOT = 200;
const HOURS = 3600;

/**
 * Stores the synthetic patients and the cast, lot by lot with hours between them. Narrative and extensions, which no
 * parameter reads, are two thirds of a synthetic patient: the ordinary run goes without.
 */
export async function load(server: ClockedServer): Promise<World> {
  const lines = readFileSync(new URL('../../data/patients.ndjson', import.meta.url), 'utf8')
    .trim()
    .split('\n');
  const all: Resource[] = [...lines.map(patientOf), ...CAST];
  const known: Resource[] = [];
  for (let from = 0; from < all.length; from += LOT) {
    const lot = all.slice(from, from + LOT);
    const stored = await store(server, lot);
    known.push(...lot.map((each, at) => ({ ...each, meta: { ...each.meta, lastUpdated: stored[at] ?? '' } })));
    server.pass(5 * HOURS);
  }
  return new World(known);
}

function patientOf(line: string): Patient {
  const { text, extension, ...searched }: Patient = JSON.parse(line);
  return LONG ? { ...searched, ...(text && { text }), ...(extension && { extension }) } : searched;
}

/** Stores some resources and gives the moment of each. */
async function store(server: ClockedServer, resources: Resource[]): Promise<string[]> {
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT' as const, url: `${resource.resourceType}/${resource.id}` },
  }));
  const json: Bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  const reply = await server.request('POST', '/', { as: asRoot, json, headers: { prefer: 'return=minimal' } });
  expect(reply.status, reply.text.slice(0, 1000)).to.equal(200);
  return ((reply.body as Bundle).entry ?? []).map(({ response }) => response?.lastModified ?? '');
}
