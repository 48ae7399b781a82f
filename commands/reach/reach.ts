import type { SigningAlg } from '../../auth/settings.ts';
import type { JsonObject } from '../../resources/json/value.ts';
import { CommandError } from '../errors.ts';

/** A resource to store, as a value and as the text that it was read from. */
export interface Item {
  type: string;
  id: string;
  resource: JsonObject;
  text: string;
}

/** What signing key is wanted: at once or not, and by which algorithm, where that is not the one of the settings. */
export interface KeyWish {
  now: boolean;
  alg?: SigningAlg;
}

/** The way of a command to what is stored: the database itself, or the server that has it. */
export interface Reach {
  /** What is reached, for people. */
  name: string;
  /** How many resources are worth storing at the same time. */
  atOnce: number;
  /** Stores a resource under its id. Throws a Refusal for what is wrong with this one; anything else ends the work. */
  put(item: Item): Promise<void>;
  /** The resource types that there may be something of. */
  types(): Promise<string[]>;
  /** The current resources of a type as JSON texts, a page at a time, in the order in which they were made. */
  pages(type: string): AsyncIterable<string[]>;
  /** The signing keys, as `toldKeys` gives them. */
  keys(): Promise<JsonObject[]>;
  /** Has the next signing key made, and gives what `toldRotation` does. Throws a Refusal. */
  rotateKeys(wish: KeyWish): Promise<JsonObject>;
  close(): Promise<void>;
}

/** One resource, or another wish, was refused; the message says why, and never what a resource held. */
export class Refusal extends CommandError {
  override name = 'Refusal';
}
