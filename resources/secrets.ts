/** How the engine has secrets hashed and compared; it never sees the algorithm (the caller brings one). */
export interface SecretHasher {
  /** A self-describing hash of a secret. Rejects with a `busy` Failure when too many wait. */
  hash(secret: string): Promise<string>;
  /** True when the secret gives that hash. */
  verify(secret: string, hash: string): Promise<boolean>;
}
