/** A code system with a rule for its codes, because they have a grammar or are too many to list. */
export interface CodeSystem {
  isCode(code: string): boolean;
  /** What to send instead, as a phrase that continues a path. */
  remedy: string;
}
