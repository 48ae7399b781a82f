import type { Connection } from './connection.ts';
import { CredentialBuffer } from './credentials.ts';
import type { Dialect } from './dialects/dialect.ts';
import { IndexBuffer } from './index-buffer.ts';
import { Versions } from './versions.ts';

/** What the jobs of a group have written and the database does not have yet. */
export class Gathered {
  readonly versions: Versions;
  readonly credentials: CredentialBuffer;
  readonly index: IndexBuffer;

  constructor(dialect: Dialect, undoable: boolean) {
    this.versions = new Versions(dialect, undoable);
    this.credentials = new CredentialBuffer(dialect);
    this.index = new IndexBuffer(dialect);
  }

  /** How often something was written that `settle` brings into the database: it grows with each write. */
  get written(): number {
    return this.versions.written + this.credentials.written;
  }

  /** Brings into the database what any statement may look at; index rows wait, since few do. */
  async settle(connection: Connection): Promise<void> {
    if (this.versions.pending) await this.versions.flush(connection);
    // They belong to resources, which are there by now.
    if (this.credentials.pending) await this.credentials.flush(connection);
  }

  /** Brings everything into the database. */
  async flush(connection: Connection): Promise<void> {
    await this.settle(connection);
    await this.index.flush(connection);
  }

  /** Forgets all: the job that it belongs to has failed. */
  clear(): void {
    this.versions.clear();
    this.credentials.clear();
    this.index.clear();
  }
}
