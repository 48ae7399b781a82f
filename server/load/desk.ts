import { type JsonBounds, readJson } from '../../resources/json/read.ts';
import type { Json } from '../../resources/json/value.ts';
import { type GoOn, Pace } from '../../resources/pace/pace.ts';
import type { Config } from '../config.ts';
import type { Format } from '../formats/media-types.ts';
import type { Answer } from '../formats/negotiate.ts';
import { decodeUtf8 } from '../formats/text.ts';
import { type StartThread, YamlThread } from '../formats/yaml-thread.ts';

/** Bytes of a body, or of an answer, that is worked on as it comes: what is larger waits for its turn. */
const SMALL = 4096;

/**
 * Bytes of `MAX_BODY` for each value that a body may have, and for each name. A megabyte of FHIR has some 45,000 values
 * of a few hundred names; one that is made to take long has half a million.
 */
const BYTES_A_VALUE = 10;
const BYTES_A_NAME = 250;
/** What a body may have however small `MAX_BODY` is. */
const LEAST: JsonBounds = { values: 100_000, names: 4_000 };

/**
 * Where large bodies are read, and large answers rendered: within bounds that no honest body comes near, a piece at a
 * time, and YAML beside the event loop. What is small is done at once.
 */
export class Desk {
  readonly bounds: JsonBounds;
  readonly #pace = new Pace();
  readonly #yaml: YamlThread;

  constructor({ maxBody }: Pick<Config, 'maxBody'>, start?: StartThread) {
    this.bounds = {
      values: Math.max(LEAST.values, Math.floor(maxBody / BYTES_A_VALUE)),
      names: Math.max(LEAST.names, Math.floor(maxBody / BYTES_A_NAME)),
    };
    this.#yaml = new YamlThread(maxBody, start);
  }

  /** How many bodies and answers wait for their turn. */
  get waiting(): number {
    return this.#pace.waiting + this.#yaml.waiting;
  }

  /** How work on what a body of so many bytes asks for has to pause; undefined where it has not. */
  paceOf(bytes: number): GoOn | undefined {
    return bytes > SMALL ? this.#pace.goOn : undefined;
  }

  /**
   * The value in a body. Rejects as its format throws, and with `busy` where it waits too long.
   * @param since from when on its wait counts, in milliseconds of the process
   */
  async read(format: Format, bytes: Uint8Array, since: number): Promise<Json> {
    const text = await this.text(bytes, since);
    if (bytes.length <= SMALL || format.name !== 'yaml') return format.parse(text, this.bounds);
    const json = await this.#yaml.read(text, this.bounds.values, since);
    await this.#pace.goOn();
    return readJson(json, this.bounds);
  }

  /** The text of a body, once its turn has come. */
  async text(bytes: Uint8Array, since: number): Promise<string> {
    if (bytes.length > SMALL) await this.#pace.begin(since);
    return decodeUtf8(bytes);
  }

  /**
   * An answer's JSON text in the format that is wanted.
   * @param since as `read` takes it; without it the answer tells of what was done, and is never refused
   */
  render({ format, render }: Answer, text: string, since?: number): string | Promise<string> {
    if (text.length <= SMALL) return render(readJson(text));
    if (format === 'yaml') return this.#yaml.write(text, since);
    return this.#renderInTurn(render, text);
  }

  async #renderInTurn(render: Answer['render'], text: string): Promise<string> {
    await this.#pace.goOn();
    return render(readJson(text));
  }

  async close(): Promise<void> {
    await this.#yaml.close();
  }
}
