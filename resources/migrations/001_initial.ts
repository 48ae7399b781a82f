import type { Knex } from 'knex';
import { INDEX_TABLES, type IndexTable } from '../search/index/tables.ts';

/** Creates the tables of an empty database. */
export async function up(knex: Knex): Promise<void> {
  await resources(knex);
  await credentials(knex);
  for (const table of INDEX_TABLES) {
    for (const statement of indexTable(knex, table)) await knex.raw(statement);
  }
}

/** Drops all tables with their data. */
export async function down(knex: Knex): Promise<void> {
  const others = [
    'init_entry',
    'known_address',
    'failed_attempt',
    'cut_off',
    'used_assertion',
    'server_key',
    'signing_key',
    'access_generation',
    'credential',
    'name',
    'resource_history',
    'resource',
  ];
  for (const table of [...INDEX_TABLES.map(({ name }) => name), ...others]) await knex.schema.dropTableIfExists(table);
}

/** Current versions, including deletions, are in `resource`; superseded ones in `resource_history`. */
async function resources(knex: Knex): Promise<void> {
  await knex.schema.createTable('resource', (table) => {
    table.bigIncrements('key');
    version(knex, table);
    table.unique(['type', 'id']);
    table.index(['type', 'last_updated', 'key'], 'resource_by_time');
    table.index(['type', 'key'], 'resource_live', { predicate: knex.whereNotNull('text') });
    table.index(['type', 'last_updated'], 'resource_gone', { predicate: knex.whereNull('text') });
  });
  await knex.schema.createTable('resource_history', (table) => {
    table.bigInteger('key').notNullable();
    version(knex, table);
    table.primary(['key', 'version_id']);
    table.index(['type', 'last_updated', 'key', 'version_id'], 'resource_history_by_time');
  });
  await knex.schema.createTable('name', (table) => {
    text(knex, table, 'namespace');
    text(knex, table, 'value');
    table.bigInteger('key').notNullable();
    table.primary(['namespace', 'value']);
  });
}

function version(knex: Knex, table: Knex.CreateTableBuilder): void {
  text(knex, table, 'type');
  text(knex, table, 'id');
  table.integer('version_id').notNullable();
  table.bigInteger('last_updated').notNullable();
  table.text('method').notNullable();
  table.text('text');
}

/** Tables that are never rendered: hashes of secrets and tokens, and the server's own keys. */
async function credentials(knex: Knex): Promise<void> {
  await knex.schema.createTable('credential', (table) => {
    table.text('hash').primary();
    table.bigInteger('key').notNullable().index();
    table.text('name').notNullable();
    table.text('detail');
  });
  await knex.schema.createTable('signing_key', (table) => {
    table.text('kid').primary();
    table.text('alg').notNullable();
    table.text('jwk').notNullable();
    table.bigInteger('published_at').notNullable();
    table.bigInteger('signs_from').notNullable();
    table.bigInteger('needed_until').notNullable();
  });
  await knex.schema.createTable('server_key', (table) => {
    table.text('name').primary();
    table.text('value').notNullable();
  });
  await knex.schema.createTable('init_entry', (table) => {
    table.text('type');
    table.text('id');
    table.text('digest').notNullable();
    table.primary(['type', 'id']);
  });
  await knex.schema.createTable('used_assertion', (table) => {
    table.text('client');
    table.text('jti');
    table.bigInteger('expires_at').notNullable().index();
    table.primary(['client', 'jti']);
  });
  await knex.schema.createTable('failed_attempt', (table) => {
    text(knex, table, 'pair');
    text(knex, table, 'network');
    table.bigInteger('at').notNullable().index();
    table.index(['pair', 'at']);
    table.index(['network', 'at']);
  });
  await knex.schema.createTable('known_address', (table) => {
    table.text('pair').primary();
    table.bigInteger('seen_at').notNullable().index();
  });
  await knex.schema.createTable('cut_off', (table) => {
    table.bigIncrements('key');
    table.text('type').notNullable();
    table.text('id').notNullable();
    table.text('ending').notNullable();
    table.text('asker');
    table.text('address');
  });
  await knex.schema.createTable('access_generation', (table) => {
    table.bigInteger('value').notNullable();
  });
  await knex('access_generation').insert({ value: 0 });
}

/** Adds a column that compares by code point on both databases. */
function text(knex: Knex, table: Knex.CreateTableBuilder, name: string): void {
  table.specificType(name, isPostgres(knex) ? 'text COLLATE "C"' : 'text').notNullable();
}

function indexTable(knex: Knex, { name, columns, primaryKey, indexes }: IndexTable): string[] {
  const types = isPostgres(knex)
    ? { text: 'text COLLATE "C"', integer: 'bigint', real: 'double precision' }
    : { text: 'text', integer: 'integer', real: 'real' };
  const declared = columns.map((column) => `${column.name} ${types[column.type]} NOT NULL`).join(', ');
  const clustered = isPostgres(knex) ? '' : ' WITHOUT ROWID';
  return [
    `CREATE TABLE ${name} (param integer NOT NULL, ${declared}, edge ${types.integer} NOT NULL, ` +
      `key ${types.integer} NOT NULL, PRIMARY KEY (${primaryKey.join(', ')}))${clustered}`,
    ...indexes.map((index) => `CREATE INDEX ${name}_${index.join('_')} ON ${name} (${index.join(', ')})`),
  ];
}

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === 'pg';
}
