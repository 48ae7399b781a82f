import type { Knex } from 'knex';

/** Where a primary database notes which one it is, so that those that follow it can be told from those that do not. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('lineage', (table) => {
    table.text('value').notNullable();
  });
  await knex('lineage').insert({ value: '' });
}

/** Removes it. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('lineage');
}
