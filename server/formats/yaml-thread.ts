/** YAML beside the event loop: a megabyte of it takes fifteen times as long as one of JSON. */
import { isMainThread, parentPort, type ResourceLimits, Worker, workerData } from 'node:worker_threads';
import { Failure, type FailureCode } from '../../resources/errors.ts';
import { readJson } from '../../resources/json/read.ts';
import { renderJson } from '../../resources/json/render.ts';
import { type Waiter, WaitingLine } from '../../resources/pace/waiting-line.ts';
import { readYaml, renderYaml } from './yaml.ts';

/** Starts a thread in a module of ours, which is told its task by `data`. */
export type StartThread = (module: URL, data: string, resourceLimits: ResourceLimits) => Worker;

const startThread: StartThread = (module, data, resourceLimits) =>
  new Worker(module, { workerData: data, resourceLimits });

/** What the thread is asked: JSON text for YAML with so many values at the most, or YAML for JSON text. */
type Task = { yaml: string; values: number } | { json: string };

type Done = { text: string } | { failure: string; code: FailureCode } | { fault: string };

/** What this module does in a thread of its own. */
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

/** Milliseconds that one text may take: twenty times what a megabyte does. What is broken must not hold all others. */
const LONGEST = 10_000;

/** Megabytes of objects that the thread may have: js-yaml makes a hundred bytes and more of one. */
const MEMORY = { least: 128, perMegabyte: 128 };
const MEGABYTE = 1024 * 1024;

/** A thread that reads and writes YAML, one text after the other; it is started when it is first needed. */
export class YamlThread {
  readonly #start: StartThread;
  readonly #limits: ResourceLimits;
  readonly #line = new WaitingLine<Waiting>({ name: 'texts in YAML' });
  /** Answers to what was done already: they come first, and are never refused. */
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
   * The JSON text of a YAML document. Rejects as `readYaml` throws, with `busy` where it waits too long, and with
   * `too-large` where it takes more memory or time than a text of its size needs.
   * @param values how many it may have
   * @param since from when on its wait counts, in milliseconds of the process
   */
  read(yaml: string, values: number, since?: number): Promise<string> {
    return new Promise((resolve, reject) => {
      const waiting = { task: { yaml, values }, resolve, reject };
      if (this.#doing) this.#line.join(waiting, since);
      else this.#do(waiting);
    });
  }

  /**
   * The YAML of a JSON text. Rejects with `busy` where it waits too long.
   * @param since as `read` takes it; without it the text tells of what was done, and is never refused
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

  /** Ends the thread with what it was doing; the next text has another. */
  #end(error: unknown): void {
    const worker = this.#worker;
    this.#worker = undefined;
    // Its end says nothing new.
    worker?.terminate().catch(() => undefined);
    this.#took()?.reject(error);
  }

  /** What was being done; the next is begun. */
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
  return new Failure('too-large', 'This YAML takes too much time or memory: send it as JSON, or in several.');
}
