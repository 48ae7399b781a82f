import type { JsonObject } from '../../resources/json/value.ts';

/** A resource to store, as a value and as the text that it was read from. */
export interface Item {
  type: string;
  id: string;
  resource: JsonObject;
  text: string;
}

/** The way of a command to the resources: the database itself, or the server that has it. */
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
  close(): Promise<void>;
}

/** One resource was not taken; the message says why, and never what it held. */
export class Refusal extends Error {
  override name = 'Refusal';
}
