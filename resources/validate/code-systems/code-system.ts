/** A code system whose codes are told by a rule, since they are a grammar or too many to list. */
export interface CodeSystem {
  isCode(code: string): boolean;
  /** What to send instead, in words that go on from the name of a place. */
  remedy: string;
}
