import pg from 'pg';
import sqlite3 from 'sqlite3';
import { DATABASE_KIND } from './database.ts';

/** Executes SQL on a database over a separate connection, while a server has it open. */
export async function executeBeside(url: string, sql: string): Promise<void> {
  if (DATABASE_KIND === 'postgres') {
    const client = new pg.Client(url);
    await client.connect();
    await client.query(sql).finally(() => client.end());
    return;
  }
  const other = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(url.slice('sqlite:'.length), (error) =>
      error ? reject(error) : resolve(opened),
    );
  });
  other.configure('busyTimeout', 5_000);
  await new Promise<void>((resolve, reject) => {
    other.exec(sql, (error) => other.close(() => (error ? reject(error) : resolve())));
  });
}
