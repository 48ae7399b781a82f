import { type JsonBounds, readJson } from '../../resources/json/read.ts';
import type { Json } from '../../resources/json/value.ts';
import { Pace, type YieldTurn } from '../../resources/pace/pace.ts';
import type { Config } from '../config.ts';
import type { Format } from '../formats/media-types.ts';
import type { Answer } from '../formats/negotiate.ts';
import { decodeUtf8 } from '../formats/text.ts';
import { type StartThread, YamlThread } from '../formats/yaml-thread.ts';

/** Bytes of a body or a response that is processed at once; a larger one waits for its turn. */
const SMALL = 4096;

/**
 * Bytes of `MAX_BODY` for each JSON value, and for each property name, that a body may have. A megabyte of FHIR has
 * some 45,000 values with a few hundred names; one crafted to be slow has half a million.
 */
const BYTES_A_VALUE = 10;
const BYTES_A_NAME = 250;
/** The minimum limits, however small `MAX_BODY` is. */
const LEAST: JsonBounds = { values: 100_000, names: 4_000 };

/**
 * Parses large bodies and renders large responses: within limits that no legitimate body reaches, a slice at a time,
 * and YAML in a thread. Small ones are processed at once.
 */
export class BodyScheduler {
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

  /** How many bodies and responses wait for their turn. */
  get waiting(): number {
    return this.#pace.waiting + this.#yaml.waiting;
  }

  /** Returns the function with which work on a body of this size yields; undefined if it need not yield. */
  paceOf(bytes: number): YieldTurn | undefined {
    return bytes > SMALL ? this.#pace.yieldTurn : undefined;
  }

  /**
   * Parses a body. Rejects as its format throws, and with `busy` if it would wait too long.
   * @param since when its wait began, in milliseconds of `performance.now`
   */
  async read(format: Format, bytes: Uint8Array, since: number): Promise<Json> {
    const text = await this.text(bytes, since);
    if (bytes.length <= SMALL || format.name !== 'yaml') return format.parse(text, this.bounds);
    const json = await this.#yaml.read(text, this.bounds.values, since);
    await this.#pace.yieldTurn();
    return readJson(json, this.bounds);
  }

  /** Decodes a body, once its turn has come. */
  async text(bytes: Uint8Array, since: number): Promise<string> {
    if (bytes.length > SMALL) await this.#pace.begin(since);
    return decodeUtf8(bytes);
  }

  /**
   * Renders the JSON text of a response in the wanted format.
   * @param since as in `read`; without it the response reports work already done and is never rejected
   */
  render({ format, render }: Answer, text: string, since?: number): string | Promise<string> {
    if (text.length <= SMALL) return render(readJson(text));
    if (format === 'yaml') return this.#yaml.write(text, since);
    return this.#renderInTurn(render, text);
  }

  async #renderInTurn(render: Answer['render'], text: string): Promise<string> {
    await this.#pace.yieldTurn();
    return render(readJson(text));
  }

  async close(): Promise<void> {
    await this.#yaml.close();
  }
}
