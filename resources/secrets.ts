/** How the engine hashes and compares secrets; the algorithm is provided by the caller. */
export interface SecretHasher {
  /**
   * Returns a self-describing hash of a secret. With `beside`, the hash is made so that a secret can be compared with
   * all of them at once. Rejects with a `busy` Failure if too many calls wait.
   */
  hash(secret: string, beside?: readonly string[]): Promise<string>;
  /** Returns the hash that matches the secret; undefined if none does. Rejects with a `busy` Failure, too. */
  match(secret: string, hashes: readonly string[]): Promise<string | undefined>;
}
