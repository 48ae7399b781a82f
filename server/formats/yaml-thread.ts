/** YAML in a thread beside the event loop: a megabyte of it takes fifteen times as long as a megabyte of JSON. */
import { isMainThread, parentPort, type ResourceLimits, Worker, workerData } from 'node:worker_threads';
import { Failure, type FailureCode } from '../../resources/errors.ts';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { BoundedQueue, type Waiter } from '../../resources/pace/bounded-queue.ts';
import { readYaml, renderYaml } from './yaml.ts';

/** Starts a worker thread from one of our modules; `data` names its task. */
export type StartThread = (module: URL, data: string, resourceLimits: ResourceLimits) => Worker;

const startThread: StartThread = (module, data, resourceLimits) =>
  new Worker(module, { workerData: data, resourceLimits });

/** A task: JSON text to write as YAML, or YAML with a maximum number of values to read as JSON. */
type Task = { yaml: string; values: number } | { json: string };

type Done = { text: string } | { failure: string; code: FailureCode } | { fault: string };

/** The `workerData` of a thread that runs this module. */
const ROLE = 'yaml';

if (!isMainThread && workerData === ROLE) {
  parentPort?.on('message', (task: Task) => parentPort?.postMessage(done(task)));
}

function done(task: Task): Done {
  try {
    return { text: 'json' in task ? renderYaml(readJson(task.json)) : renderJson(readYaml(task.yaml, task.values)) };
  } catch (error) {
    if (error instanceof Failure) return { failure: error.message, code: error.code };
    return { fault: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

interface Waiting extends Waiter {
  task: Task;
  resolve(text: string): void;
}

/** Milliseconds for one text, twenty times what a megabyte takes: a hanging task must not block all others. */
const LONGEST = 10_000;

/** Megabytes of heap for the thread: js-yaml makes a hundred bytes or more from one byte. */
const MEMORY = { least: 128, perMegabyte: 128 };
const MEGABYTE = 1024 * 1024;

/** A thread that reads and writes YAML, one text at a time; it starts when it is first needed. */
export class YamlThread {
  readonly #start: StartThread;
  readonly #limits: ResourceLimits;
  readonly #line = new BoundedQueue<Waiting>({ name: 'YAML documents' });
  /** Responses that report work already done: they come first and are never rejected. */
  readonly #answers: Waiting[] = [];
  #worker: Worker | undefined;
  #doing: { task: Waiting; timer: NodeJS.Timeout } | undefined;

  /** @param largest bytes of the largest text */
  constructor(largest: number, start: StartThread = startThread) {
    this.#start = start;
    const maxOldGenerationSizeMb = MEMORY.least + Math.ceil(MEMORY.perMegabyte * (largest / MEGABYTE));
    this.#limits = { maxOldGenerationSizeMb };
  }

  /** How many texts wait for their turn. */
  get waiting(): number {
    return this.#answers.length + this.#line.length;
  }

  /**
   * Converts a YAML document to JSON text. Rejects as `readYaml` throws, with `busy` if it would wait too long, and
   * with `too-large` if it takes more memory or time than a text of its size needs.
   * @param values the maximum number of values
   * @param since when its wait began, in milliseconds of `performance.now`
   */
  read(yaml: string, values: number, since?: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const waiting = { task: { yaml, values }, resolve, reject };
      if (this.#doing) this.#line.join(waiting, since);
      else this.#do(waiting);
    });
  }

  /**
   * Converts JSON text to YAML. Rejects with `busy` if it would wait too long.
   * @param since as in `read`; without it the text reports work already done and is never rejected
   */
  write(json: string, since?: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const waiting = { task: { json }, resolve, reject };
      if (!this.#doing) this.#do(waiting);
      else if (since === undefined) this.#answers.push(waiting);
      else this.#line.join(waiting, since);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #do(task: Waiting): void {
    const worker = this.#worker ?? this.#open();
    this.#worker = worker;
    const timer = setTimeout(() => this.#end(tooMuch()), LONGEST).unref();
    this.#doing = { task, timer };
    worker.postMessage(task.task);
  }

  #open(): Worker {
    const worker = this.#start(new URL(import.meta.url), ROLE, this.#limits);
    worker.unref();
    worker.on('message', (said: Done) => {
      if (worker === this.#worker) this.#finish(said);
    });
    worker.on('error', (error) => {
      if (worker !== this.#worker) return;
      const isFull = 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.#end(isFull ? tooMuch() : error);
    });
    return worker;
  }

  #finish(said: Done): void {
    const task = this.#took();
    if ('text' in said) task?.resolve(said.text);
    else task?.reject('failure' in said ? new Failure(said.code, said.failure) : new Error(said.fault));
  }

  /** Terminates the thread and its task; the next text starts another. */
  #end(error: unknown): void {
    const worker = this.#worker;
    this.#worker = undefined;
    // A failure to terminate tells nothing new.
    worker?.terminate().catch(() => undefined);
    this.#took()?.reject(error);
  }

  /** Returns the current task and starts the next one. */
  #took(): Waiting | undefined {
    const doing = this.#doing;
    clearTimeout(doing?.timer);
    this.#doing = undefined;
    const next = this.#answers.shift() ?? this.#line.next();
    if (next) this.#do(next);
    return doing?.task;
  }
}

function tooMuch(): Failure {
  return new Failure(
    'too-large',
    'This YAML takes too much time or memory: send JSON, or split it into several requests.',
  );
}
