import pg from 'pg';
import sqlite3 from 'sqlite3';
import { DATABASE_KIND } from '../harness/database.ts';

/** Keeps every other from writing until it is released. */
export async function holdWriter(url: string): Promise<{ release(): Promise<void> }> {
  if (DATABASE_KIND === 'postgres') {
    const client = new pg.Client(url);
    await client.connect();
    await client.query('BEGIN; LOCK TABLE resource IN EXCLUSIVE MODE');
    return { release: () => client.end() };
  }
  const file = url.slice('sqlite:'.length);
  const other = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened = new sqlite3.Database(file, (error) => (error ? reject(error) : resolve(opened)));
  });
  const execute = (sql: string) =>
    new Promise<void>((resolve, reject) => {
      other.exec(sql, (error) => (error ? reject(error) : resolve()));
    });
  await execute('BEGIN IMMEDIATE');
  return {
    release: async () => {
      await execute('ROLLBACK');
      await new Promise((resolve) => {
        other.close(resolve);
      });
    },
  };
}
