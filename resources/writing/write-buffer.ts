import type { Dialect } from '../dialects/dialect.ts';
import type { Joined } from '../storage/connection.ts';
import { CredentialBuffer, credentialStatements } from '../storage/credentials.ts';
import { IndexBuffer, indexStatements } from '../storage/index-buffer.ts';
import { Versions, type VersionsOptions, versionStatements } from '../storage/versions.ts';

/**
 * Returns the statements that write what was buffered, in the order in which they must run. With `there`, index rows
 * may already exist, which is slower.
 */
export function flushStatements(dialect: Dialect, there = false): string[] {
  // Credentials reference resources, so those are written first.
  return [...versionStatements(dialect), ...credentialStatements(dialect), ...indexStatements(dialect, there)];
}

/** Buffers what the jobs of a group have written until it is sent to the database. */
export class WriteBuffer {
  readonly versions: Versions;
  readonly credentials = new CredentialBuffer();
  readonly index = new IndexBuffer();
  readonly #write: Joined;

  /** `write` runs the `flushStatements`. */
  constructor(options: VersionsOptions, write: Joined) {
    this.versions = new Versions(options);
    this.#write = write;
  }

  /** The number of writes buffered since the group began; it never decreases. */
  get written(): number {
    return this.versions.written + this.credentials.written;
  }

  /** True if something is not in the database yet. */
  get pending(): boolean {
    return this.versions.pending || this.credentials.pending || this.index.pending;
  }

  /** Sends to the database what any statement may read. Index rows stay buffered, since few statements read them. */
  async settle(): Promise<void> {
    if (!this.versions.pending && !this.credentials.pending) return;
    await this.#write([...this.versions.take(), ...this.credentials.take()]);
  }

  /** Sends everything to the database. */
  async flush(): Promise<void> {
    if (this.pending) await this.#write([...this.versions.take(), ...this.credentials.take(), ...this.index.take()]);
  }

  /** Discards everything, because its job has failed. */
  clear(): void {
    this.versions.clear();
    this.credentials.clear();
    this.index.clear();
  }
}
