/**
 * `npm run bench:million [-- --patients=N]`: what a hundred times the Patients cost. Imports 10,000 and N (a million)
 * of them, and compares what one caller waits for each kind of request; tells the rate of the import and memory.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { request } from '../test/harness/http.ts';
import { peakOf, startOurs } from './children.ts';
import { fill } from './dataset.ts';
import { patient, patientId } from './patient.ts';
import { median } from './row.ts';

const FEW = 10_000;
const MOST_TIMES_AS_LONG = 1.5;
const SAMPLES = 400;
/** Matches of a name that is searched for, however many Patients there are. */
const OF_ONE_NAME = 10;

interface Measured {
  imported: number;
  importMemory: number;
  memory: number;
  /** Milliseconds by kind of request. */
  waits: Map<string, number>;
}

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

/** Runs the import and gives its seconds and the most memory it had. */
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
    if (child.pid !== undefined && child.exitCode === null) memory = Math.max(memory, peakOf(child.pid));
  }, 200);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`the import ended with ${code}: ${readFileSync(log, 'utf8').slice(-500)}`);
  return { seconds: (performance.now() - began) / 1000, memory };
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
    const wait = async (method: string, at: string, json?: object): Promise<[number, string]> => {
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
    for (let page = 1; page < 5000; page += 1) {
      const { link } = JSON.parse((await wait('GET', next))[1]) as { link: { relation: string; url: string }[] };
      const url = new URL(link.find(({ relation }) => relation === 'next')?.url ?? '');
      next = url.pathname + url.search;
    }
    waits.set('page 5,000 of it', await of(() => wait('GET', next)));
    waits.set('search by a name of very many', await of(() => wait('GET', '/Patient?name=anna&_count=10')));
    waits.set('create', await of((turn) => wait('POST', '/Patient', patient(turn, `${patients}-${turn}`))));
    return { imported: patients / seconds, importMemory, memory: peakOf(server.pid), waits };
  } finally {
    agent.destroy();
    await server.stop();
  }
}

const { values } = parseArgs({ options: { patients: { type: 'string', default: '1000000' } } });
const many = Number(values.patients);
execFileSync(process.execPath, [path.resolve('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
const folder = mkdtempSync(path.join(tmpdir(), 'ward-million-'));
try {
  const [few, all] = [await measure(folder, FEW), await measure(folder, many)];
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  console.log(`| request | at ${FEW.toLocaleString('en')} | at ${many.toLocaleString('en')} | ratio | target |`);
  console.log('|---|---|---|---|---|');
  for (const [kind, wait] of few.waits) {
    const later = all.waits.get(kind) ?? Number.NaN;
    const target = kind.includes('very many') ? 'none' : `≤ ${MOST_TIMES_AS_LONG}`;
    console.log(`| ${kind} | ${ms(wait)} | ${ms(later)} | ${(later / wait).toFixed(2)} | ${target} |`);
  }
  console.log(
    `\nimport: ${Math.round(all.imported)} a second (target 2,500), at most ${Math.round(all.importMemory)} MiB`,
  );
  console.log(`server: at most ${Math.round(all.memory)} MiB (target 250)`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
