import type { SigningAlg } from '../../auth/settings.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { CommandError } from '../errors.ts';

/** A resource to store, as a value and as its original text. */
export interface Item {
  type: string;
  id: string;
  resource: JsonObject;
  text: string;
}

/** The wanted signing key: whether it signs immediately, and its algorithm if not that of the settings. */
export interface KeyWish {
  now: boolean;
  alg?: SigningAlg;
}

/** A command's access to the data: the database itself, or the server that holds it. */
export interface Reach {
  /** A name for messages. */
  name: string;
  /** How many resources should be stored concurrently. */
  atOnce: number;
  /**
   * Stores a resource under its id. Throws a Refusal if only this resource is refused; other errors end the command.
   */
  put(item: Item): Promise<void>;
  /** Returns the resource types that may have resources. */
  types(): Promise<string[]>;
  /** Returns the current resources of a type as JSON texts, page by page, in order of creation. */
  pages(type: string): AsyncIterable<string[]>;
  /** Returns the signing keys, like `describeKeys`. */
  keys(): Promise<JsonObject[]>;
  /** Creates the next signing key. Returns the same as `describeRotation`. Throws a Refusal. */
  rotateKeys(wish: KeyWish): Promise<JsonObject>;
  close(): Promise<void>;
}

/** One resource or request was refused. The message says why, and never contains data of the resource. */
export class Refusal extends CommandError {
  override name = 'Refusal';
}
