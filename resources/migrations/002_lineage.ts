import type { Knex } from 'knex';

/** Creates the table in which a primary stores its lineage, by which its replicas can be told from those of others. */
export async function up(knex: Knex): Promise<void> {
  await knex.schema.createTable('lineage', (table) => {
    table.text('value').notNullable();
  });
  await knex('lineage').insert({ value: '' });
}

/** Drops the table. */
export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTableIfExists('lineage');
}
