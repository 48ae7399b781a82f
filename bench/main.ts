/**
 * `npm run bench [-- PART…] [--seconds=N] [--rounds=N] [--patients=N] [--profile]`: measures our server against its
 * floors, prints a table and writes `bench/results/*.json`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createFilled } from './filled.ts';
import { machine } from './machine.ts';
import { ROWS } from './registry.ts';
import { type Context, conclude, type Outcome, PARTS, type Row, type Target } from './row.ts';

const RESULTS = path.resolve('bench/results');

/** Replaces the progress line. Without a terminal it prints nothing; `sayRow` then prints one line per row. */
function say(progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${progress}`);
}

function sayRow(name: string, place: number, all: number): void {
  if (!process.stderr.isTTY) process.stderr.write(`${place + 1} of ${all}: ${name}\n`);
}

function number(value: number, unit: string): string {
  return `${value.toLocaleString('en', { maximumFractionDigits: value < 100 ? 1 : 0 })} ${unit}`;
}

function aim(target: Target, unit: string): string {
  if ('ratio' in target) return `≥ ${target.ratio.toFixed(2)}`;
  if ('mostRatio' in target) return `≤ ${target.mostRatio.toFixed(2)}`;
  if ('least' in target) return `≥ ${number(target.least, unit)}`;
  if ('most' in target) return `≤ ${number(target.most, unit)}`;
  return `${(1 / target.within).toFixed(2)} to ${target.within.toFixed(2)}`;
}

/** Renders the results of a run as a Markdown table. */
function table(outcomes: Outcome[]): string {
  const lines = outcomes.map(({ name, floorName, floor, ours, ratio, target, unit, met }) => {
    const cells = [name, floorName, number(floor, unit), number(ours, unit), ratio.toFixed(2), aim(target, unit)];
    cells.push(met ? 'yes' : 'NO');
    return `| ${cells.join(' | ')} |`;
  });
  return ['| work | against | floor | ours | ratio | target | met |', '|---|---|---|---|---|---|---|', ...lines].join(
    '\n',
  );
}

function chosen(parts: string[]): Row[] {
  const unknown = parts.filter((part) => !PARTS.some((known) => known === part));
  if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}`);
  return parts.length === 0 ? ROWS : ROWS.filter((row) => parts.includes(row.part));
}

async function run(rows: Row[], context: Omit<Context, 'outcomes'>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const [place, row] of rows.entries()) {
    sayRow(row.name, place, rows.length);
    const sides = await row.measure({ ...context, outcomes });
    outcomes.push(conclude(row, sides));
  }
  return outcomes;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    patients: { type: 'string', default: '100000' },
    profile: { type: 'boolean', default: false },
  },
});
const rows = chosen(positionals);
execFileSync(process.execPath, [path.resolve('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
const folder = mkdtempSync(path.join(tmpdir(), 'ward-bench-'));
mkdirSync(RESULTS, { recursive: true });
try {
  const settings = {
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    patients: Number(values.patients),
  };
  const profile = values.profile ? path.join(RESULTS, 'profile') : undefined;
  const filled = createFilled({ ...settings, folder, profile, say });
  const outcomes = await run(rows, { ...settings, folder, profile, say, filled: filled.get }).finally(filled.stop);
  say('');
  const taken = new Date().toISOString();
  const name = `${taken.slice(0, 19).replaceAll(':', '')}.json`;
  writeFileSync(
    path.join(RESULTS, name),
    `${JSON.stringify({ taken, machine: machine(), settings, outcomes }, null, 2)}\n`,
  );
  const { cores, cpu, node } = machine();
  console.log(`${cores} cores, ${cpu}, Node ${node}; medians of ${settings.rounds}\n`);
  console.log(table(outcomes));
  process.exitCode = outcomes.every(({ met }) => met) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
