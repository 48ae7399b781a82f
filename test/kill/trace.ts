/** The system calls of a server's writes, in order: writes to SQLite's WAL, flushes of it, and responses. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { asRoot, type TestServer } from '../harness/server.ts';

export const HAS_STRACE = spawnSync('strace', ['-V']).status === 0;

/** The result of a trace. */
export interface Flushes {
  /** Answered writes. */
  answers: number;
  /** Flushes preceded by pages of such writes: one per group. */
  groups: number;
  /** Writes answered before their pages were flushed. */
  early: string[];
}

/** Traces the server with strace while `writers` concurrent writers each PUT `each` new resources. */
export async function traceWrites(server: TestServer, writers: number, each: number): Promise<Flushes> {
  const folder = await mkdtemp(path.join(tmpdir(), 'ward-strace-'));
  try {
    const file = path.join(folder, 'trace');
    // A page has 4096 bytes; `-y` prints the file of a descriptor.
    const options = ['-f', '-y', '-s', '4200', '-e', 'trace=fsync,fdatasync,pwrite64,write,writev', '-o', file];
    const tracer = spawn('strace', [...options, '-p', String(server.pid)]);
    await attached(tracer);
    const run = randomInt(2 ** 31);
    const names = Array.from({ length: writers }, (_, at) => `mark-${run}-${at}`);
    await Promise.all(names.map((name) => writeMarks(server, name, each)));
    tracer.kill('SIGINT');
    await once(tracer, 'close');
    const reading = new TraceReader();
    for await (const line of createInterface({ input: createReadStream(file, 'latin1') })) reading.read(line);
    return reading.flushes;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Writes resources, each with a unique mark in what is stored and in the response. */
async function writeMarks(server: TestServer, name: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const mark = `${name}-${at}-x`;
    const json = { name: [{ family: mark }] };
    const headers = { 'x-request-id': mark };
    const reply = await server.request('PUT', `/Patient/${mark}`, { as: asRoot, json, headers });
    if (reply.status !== 201) throw new Error(`PUT was answered ${reply.status}: ${reply.text}`);
  }
}

/**
 * Waits until the tracer has attached to the process. Its output is read to the end: it reports each new thread, and
 * would die and detach if nobody read that.
 */
export function attached(tracer: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    tracer.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('attached')) resolve();
    });
    tracer.once('close', () => reject(new Error(`strace could not follow the server: ${said}`)));
  });
}

const MARKS = /mark-[\d-]+-x/g;

class TraceReader {
  readonly flushes: Flushes = { answers: 0, groups: 0, early: [] };
  /** Written to the WAL, but not flushed yet. */
  #written = new Set<string>();
  readonly #flushed = new Set<string>();
  /** What had been written when a thread's pending flush began. */
  readonly #flushing = new Map<string, string[]>();

  /** Reads a line: a complete call, one `unfinished` because another thread interrupted it, or the rest of one. */
  read(line: string): void {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (/^pwrite64\(\d+<[^>]*-wal>/.test(call)) this.#write(call);
    else if (/^f(?:data)?sync\(\d+<[^>]*-wal>/.test(call)) {
      this.#flushing.set(thread, [...this.#written]);
      if (call.endsWith('= 0')) this.#flush(thread);
    } else if (/^<\.\.\. f(?:data)?sync resumed>.*= 0$/.test(call)) this.#flush(thread);
    else if (/^writev?\(.*HTTP\/1\.1 201/.test(call)) this.#answer(call);
  }

  #write(call: string): void {
    for (const [mark] of call.matchAll(MARKS)) if (!this.#flushed.has(mark)) this.#written.add(mark);
  }

  #flush(thread: string): void {
    const marks = this.#flushing.get(thread) ?? [];
    this.#flushing.delete(thread);
    if (marks.length > 0) this.flushes.groups += 1;
    for (const mark of marks) {
      this.#written.delete(mark);
      this.#flushed.add(mark);
    }
  }

  #answer(call: string): void {
    const mark = /X-Request-Id: (mark-[\d-]+-x)/.exec(call)?.[1];
    if (mark === undefined) return;
    this.flushes.answers += 1;
    if (!this.#flushed.has(mark)) this.flushes.early.push(mark);
  }
}
