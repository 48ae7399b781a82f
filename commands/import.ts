/**
 * `npm run import -- FILE.ndjson… [--url URL]`: stores the resource of each line under its id. An interrupted import
 * can be run again: an unchanged resource gets no new version.
 */
import { statSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Failure } from '../resources/errors.ts';
import { readJson } from '../resources/json/read.ts';
import { isObject } from '../resources/json/value.ts';
import { InFlight } from '../resources/pace/in-flight.ts';
import type { Config } from '../server/config.ts';
import { decodeUtf8 } from '../server/formats/text.ts';
import { readArguments } from './arguments.ts';
import { runCommand } from './command.ts';
import { CommandError } from './errors.ts';
import { type Line, linesOf } from './lines.ts';
import { Progress } from './progress.ts';
import { reach } from './reach/open.ts';
import { type Item, type Reach, Refusal } from './reach/reach.ts';
import { RefusedLines } from './refused.ts';

/**
 * Lines that are started before the event loop gets a turn, so that a commit in progress does not wait for all of them.
 */
const LINES_A_TURN = 8;
const STOPPED = 130;

/** The progress of an import. */
interface Tally {
  /** The bytes of all files, and of the files already read. */
  total: number;
  before: number;
  lines: number;
  refused: number;
}

await runCommand('The import', async (config) => {
  const { words, url } = readArguments();
  const files = filesOf(words);
  const tally: Tally = { total: files.reduce((sum, { size }) => sum + size, 0), before: 0, lines: 0, refused: 0 };
  const way = await reach(config, url);
  const stop = stopOnSignal();
  const progress = new Progress();
  try {
    for (const { path, size } of files) {
      if (stop.aborted) break;
      await importFile(way, path, { config, tally, progress, stop });
      tally.before += size;
    }
  } finally {
    progress.end();
    await way.close();
  }
  const ended = stop.aborted ? 'Stopped; run it again to continue: ' : '';
  process.exitCode = stop.aborted ? STOPPED : Math.min(tally.refused, 1);
  return `${ended}${progress.summary(doneOf(tally, tally.before))}, into ${way.name}\n`;
});

function filesOf(paths: string[]): { path: string; size: number }[] {
  if (paths.length === 0) throw new CommandError('name the files: npm run import -- patients.ndjson');
  return paths.map((path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found?.isFile()) throw new CommandError(`there is no file ${path}`);
    return { path, size: found.size };
  });
}

/** Aborts on the first SIGINT or SIGTERM, so that lines in progress are finished; a second one exits immediately. */
function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(STOPPED);
      controller.abort();
    });
  }
  return controller.signal;
}

interface Work {
  config: Config;
  tally: Tally;
  progress: Progress;
  stop: AbortSignal;
}

async function importFile(way: Reach, path: string, { config, tally, progress, stop }: Work): Promise<void> {
  const refused = new RefusedLines(path);
  const running = new InFlight(way.atOnce);
  try {
    for await (const line of linesOf(path, config.maxBody)) {
      if (stop.aborted) break;
      if (line.number % LINES_A_TURN === 0) await turn();
      if (line.bytes?.length === 0) continue;
      const read = readItem(line, config.maxBody);
      await running.start(read instanceof Refusal ? '' : `${read.type}/${read.id}`, async () => {
        const reason = read instanceof Refusal ? read.message : await put(way, read);
        if (reason !== undefined) await refused.add(line.number, reason, line.bytes?.toString() ?? '');
        tally.lines += 1;
        tally.refused += reason === undefined ? 0 : 1;
        progress.show(doneOf(tally, tally.before + line.end));
      });
    }
    await running.finish();
  } finally {
    await refused.close();
  }
  if (refused.count > 0) process.stderr.write(`${path}: ${refused.count} lines were refused, see ${refused.path}\n`);
}

/** Stores a resource. Returns why it was refused, or undefined. */
async function put(way: Reach, item: Item): Promise<string | undefined> {
  try {
    await way.put(item);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

/** Reads the resource of a line, or returns why it is refused. */
function readItem({ bytes }: Line, longest: number): Item | Refusal {
  if (bytes === undefined) return new Refusal(`The line is longer than ${longest} bytes (MAX_BODY).`);
  try {
    const text = decodeUtf8(bytes);
    const resource = readJson(text);
    if (!isObject(resource)) return new Refusal('The line must be a resource: a JSON object.');
    const { resourceType: type, id } = resource;
    if (typeof type !== 'string') return new Refusal('The resource has no resourceType.');
    if (typeof id !== 'string')
      return new Refusal('The resource has no id; without one, each import would store it again.');
    return { type, id, resource, text };
  } catch (error) {
    if (error instanceof Failure) return new Refusal(error.message);
    throw error;
  }
}

function doneOf({ lines, refused, total }: Tally, read: number): Parameters<Progress['show']>[0] {
  const part = total === 0 ? 1 : Math.min(1, read / total);
  return { part, count: lines, unit: 'lines', note: `${refused} refused` };
}
