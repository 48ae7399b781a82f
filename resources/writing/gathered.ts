import type { Dialect } from '../dialects/dialect.ts';
import type { Joined } from '../storage/connection.ts';
import { CredentialBuffer, credentialStatements } from '../storage/credentials.ts';
import { IndexBuffer, indexStatements } from '../storage/index-buffer.ts';
import { Versions, type VersionsOptions, versionStatements } from '../storage/versions.ts';

/**
 * The statements that bring what is gathered into the database, in the order in which they have to run; index rows may
 * be `there` already, which takes longer.
 */
export function flushStatements(dialect: Dialect, there = false): string[] {
  // Credentials belong to resources, which are there by then.
  return [...versionStatements(dialect), ...credentialStatements(dialect), ...indexStatements(dialect, there)];
}

/** What the jobs of a group have written and the database does not have yet. */
export class Gathered {
  readonly versions: Versions;
  readonly credentials = new CredentialBuffer();
  readonly index = new IndexBuffer();
  readonly #write: Joined;

  /** `write` runs the `flushStatements`. */
  constructor(options: VersionsOptions, write: Joined) {
    this.versions = new Versions(options);
    this.#write = write;
  }

  /** How often something was written that `settle` brings into the database: it grows with each write. */
  get written(): number {
    return this.versions.written + this.credentials.written;
  }

  /** True where something is not in the database yet. */
  get pending(): boolean {
    return this.versions.pending || this.credentials.pending || this.index.pending;
  }

  /** Brings into the database what any statement may look at; index rows wait, since few do. */
  async settle(): Promise<void> {
    if (!this.versions.pending && !this.credentials.pending) return;
    await this.#write([...this.versions.take(), ...this.credentials.take()]);
  }

  /** Brings everything into the database. */
  async flush(): Promise<void> {
    if (this.pending) await this.#write([...this.versions.take(), ...this.credentials.take(), ...this.index.take()]);
  }

  /** Forgets all: the job that it belongs to has failed. */
  clear(): void {
    this.versions.clear();
    this.credentials.clear();
    this.index.clear();
  }
}
