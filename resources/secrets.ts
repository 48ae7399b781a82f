/** How the engine has secrets hashed and compared; it never sees the algorithm (the caller brings one). */
export interface SecretHasher {
  /**
   * A self-describing hash of a secret. One that is stored beside others is made so that a secret is compared with all
   * of them at once. Rejects with a `busy` Failure when too many wait.
   */
  hash(secret: string, beside?: readonly string[]): Promise<string>;
  /** Which of the hashes the secret gives; undefined for none. Rejects with a `busy` Failure, too. */
  match(secret: string, hashes: readonly string[]): Promise<string | undefined>;
}
