/**
 * `npm run bench:million [-- --patients=N]`: measures how latency grows with a hundred times the Patients. Imports
 * 10,000 and N (a million) of them, and compares the latency of each kind of request for a single client. Also reports
 * the rate of the import, the memory under load, and if paging through all Patients returns each once. Writes
 * `bench/results/million-*.json`.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { request } from '../test/harness/http.ts';
import { peakOf, startOurs } from './children.ts';
import { fill } from './dataset.ts';
import { machine } from './machine.ts';
import { patient, patientId } from './patient.ts';
import { rateOf } from './rate.ts';
import { median } from './row.ts';
import { mixedRequests } from './rows/mixed.ts';

const FEW = 10_000;
const MOST_TIMES_AS_LONG = 1.5;
/** Patients imported per second. */
const LEAST_IMPORTED = 2500;
/** MiB of the server. */
const MOST_MEMORY = 250;
const SAMPLES = 400;
const CONNECTIONS = 32;
const FHIR_JSON = { 'content-type': 'application/fhir+json' };
/** The number of matches of a searched name, however many Patients there are. */
const OF_ONE_NAME = 10;

interface Measured {
  /** Patients per second. */
  imported: number;
  /** MiB. */
  importMemory: number;
  /** Peak MiB of the server, including the load. */
  memory: number;
  walk: Walk;
  /** Milliseconds by kind of request. */
  waits: Map<string, number>;
}

/** Paging through all Patients, a thousand per page. */
interface Walk {
  rows: number;
  seconds: number;
}

type Ask = (method: string, at: string, json?: object) => Promise<[milliseconds: number, text: string]>;

function nameOf(n: number): string {
  return `Rare ${String(Math.floor(n / OF_ONE_NAME)).padStart(7, '0')}`;
}

async function writeFile(file: string, patients: number): Promise<void> {
  const stream = createWriteStream(file);
  for (let n = 0; n < patients; n += 1) {
    const made = patient(n) as { name: object[] };
    const line = `${JSON.stringify({ ...made, name: [...made.name, { text: nameOf(n) }] })}\n`;
    if (!stream.write(line)) await new Promise<void>((resolve) => stream.once('drain', () => resolve()));
  }
  stream.end();
  await finished(stream);
}

/** Runs the import and returns its duration and peak memory. */
async function importFile(database: string, file: string, log: string): Promise<{ seconds: number; memory: number }> {
  const began = performance.now();
  const output = openSync(log, 'w');
  const env = { ...process.env, DATABASE_URL: database };
  const child = spawn(process.execPath, [path.resolve('dist/commands/import.js'), file], {
    env,
    stdio: ['ignore', output, output],
  });
  let memory = 0;
  const watch = setInterval(() => {
    const peak = child.pid === undefined ? 0 : peakOf(child.pid);
    // A process that has just exited has no memory.
    if (peak > memory) memory = peak;
  }, 200);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`the import ended with ${code}: ${readFileSync(log, 'utf8').slice(-500)}`);
  return { seconds: (performance.now() - began) / 1000, memory };
}

interface Page {
  entry?: { resource: { id: string } }[];
  link: { relation: string; url: string }[];
}

/** Returns the path of the next page; undefined on the last. */
function nextOf({ link }: Page): string | undefined {
  const url = link.find(({ relation }) => relation === 'next')?.url;
  return url === undefined ? undefined : new URL(url).pathname + new URL(url).search;
}

/** Pages through all Patients. Throws if one comes twice. */
async function walkAll(ask: Ask): Promise<Walk> {
  const began = performance.now();
  const seen = new Set<string>();
  let rows = 0;
  for (let next: string | undefined = '/Patient?_count=1000&_elements=id'; next !== undefined; ) {
    const page = JSON.parse((await ask('GET', next))[1]) as Page;
    for (const { resource } of page.entry ?? []) seen.add(resource.id);
    rows += page.entry?.length ?? 0;
    next = nextOf(page);
  }
  if (seen.size !== rows) throw new Error(`the walk gave ${rows} rows of ${seen.size} Patients`);
  return { rows, seconds: (performance.now() - began) / 1000 };
}

async function measure(folder: string, patients: number): Promise<Measured> {
  const file = path.join(folder, `${patients}.ndjson`);
  const database = `sqlite:${path.join(folder, `${patients}.db`)}`;
  await writeFile(file, patients);
  const { seconds, memory: importMemory } = await importFile(database, file, path.join(folder, `${patients}.log`));
  rmSync(file);
  const server = await startOurs({ folder, profile: undefined }, database);
  const agent = new Agent({ keepAlive: true });
  try {
    const say = () => undefined;
    const { authorization } = await fill({ patients: 0, say }, server);
    const headers = { authorization };
    const wait: Ask = async (method, at, json) => {
      const began = performance.now();
      const { status, text } = await request(server.url, agent, method, at, { headers, ...(json && { json }) });
      if (status >= 300) throw new Error(`${method} ${at} answered ${status} ${text.slice(0, 200)}`);
      return [performance.now() - began, text];
    };
    const uniform = (turn: number) => Math.floor(((turn * 0.618_033_988_75) % 1) * patients);
    const of = async (kind: (turn: number) => Promise<[number, string]>): Promise<number> => {
      const all: number[] = [];
      for (let turn = 0; turn < SAMPLES; turn += 1) all.push((await kind(turn))[0]);
      return median(all.slice(SAMPLES / 4));
    };
    const waits = new Map<string, number>();
    waits.set('read', await of((turn) => wait('GET', `/Patient/${patientId(uniform(turn))}`)));
    const identifier = (n: number) => `/Patient?identifier=http://example.org/fhir/sid/mrn|mrn-${n}`;
    waits.set('search by identifier', await of((turn) => wait('GET', identifier(uniform(turn)))));
    const name = (n: number) => `/Patient?name=${encodeURIComponent(nameOf(n))}`;
    waits.set(`search by a name of ${OF_ONE_NAME}`, await of((turn) => wait('GET', name(uniform(turn)))));
    const first = '/Patient?_sort=birthdate&_count=1';
    waits.set('page 1 of a sort by birthdate', await of(() => wait('GET', first)));
    let next = first;
    for (let page = 1; page < 5000; page += 1) next = nextOf(JSON.parse((await wait('GET', next))[1]) as Page) ?? '';
    waits.set('page 5,000 of it', await of(() => wait('GET', next)));
    waits.set('search by a name of very many', await of(() => wait('GET', '/Patient?name=anna&_count=10')));
    waits.set('create', await of((turn) => wait('POST', '/Patient', patient(turn, `${patients}-${turn}`))));
    const walk = await walkAll(wait);
    const load = { url: server.url, connections: CONNECTIONS, seconds: 10, headers: { ...headers, ...FHIR_JSON } };
    await rateOf({ ...load, lists: mixedRequests({ patients }) });
    return { imported: patients / seconds, importMemory, memory: peakOf(server.pid), walk, waits };
  } finally {
    agent.destroy();
    await server.stop();
  }
}

const { values } = parseArgs({ options: { patients: { type: 'string', default: '1000000' } } });
const many = Number(values.patients);
execFileSync(process.execPath, [path.resolve('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
mkdirSync(path.resolve('bench/results'), { recursive: true });
const folder = mkdtempSync(path.join(tmpdir(), 'ward-million-'));
try {
  const [few, all] = [await measure(folder, FEW), await measure(folder, many)];
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  console.log(`| request | at ${FEW.toLocaleString('en')} | at ${many.toLocaleString('en')} | ratio | target |`);
  console.log('|---|---|---|---|---|');
  for (const [kind, wait] of few.waits) {
    const later = all.waits.get(kind) ?? Number.NaN;
    const isAimedAt = !kind.includes('very many');
    const target = isAimedAt ? `≤ ${MOST_TIMES_AS_LONG}` : 'none';
    if (isAimedAt && !(later / wait <= MOST_TIMES_AS_LONG)) process.exitCode = 1;
    console.log(`| ${kind} | ${ms(wait)} | ${ms(later)} | ${(later / wait).toFixed(2)} | ${target} |`);
  }
  console.log(
    `\nimport: ${Math.round(all.imported)} a second (target ${LEAST_IMPORTED}), at most` +
      ` ${Math.round(all.importMemory)} MiB, and ${Math.round(few.importMemory)} MiB for ${FEW}`,
  );
  console.log(`server: at most ${Math.round(all.memory)} MiB (target ${MOST_MEMORY})`);
  if (all.imported < LEAST_IMPORTED || all.memory > MOST_MEMORY) process.exitCode = 1;
  console.log(`walk by pages of 1,000: ${all.walk.rows} Patients, each once, in ${Math.round(all.walk.seconds)} s`);
  const plain = ({ waits, ...rest }: Measured) => ({ ...rest, waits: Object.fromEntries(waits) });
  const taken = new Date().toISOString();
  const results = JSON.stringify({ taken, machine: machine(), few: plain(few), many: plain(all) }, null, 2);
  writeFileSync(path.resolve(`bench/results/million-${taken.slice(0, 19).replaceAll(':', '')}.json`), `${results}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
