import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { expect, test } from 'vitest';
import { diffSchemas } from '../../../prisma/schema-engine.ts';
import { migrate } from '../../../src/database/migrate.ts';
import { createMigratedDatabase, createTestDatabase } from '../../support/database.ts';

/** Columns and plain indexes, as PostgreSQL has them; partial and expression indexes are the migrations' own. */
async function shape(url: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const columns = await client.query(
      `SELECT table_name, column_name, data_type, is_nullable, column_default, numeric_precision, numeric_scale, datetime_precision
         FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'
        ORDER BY table_name, column_name`,
    );
    return columns.rows;
  } finally {
    await client.end();
  }
}

test('schema.prisma describes exactly the tables that the migrations make', async () => {
  const schema = await readFile(fileURLToPath(new URL('../../../prisma/schema.prisma', import.meta.url)), 'utf8');
  const migrated = await createMigratedDatabase();
  const described = await createTestDatabase();
  const client = new pg.Client({ connectionString: described.url });
  await client.connect();
  await client.query(await diffSchemas(described.url, null, schema));
  await client.end();
  expect(await shape(migrated.url)).toEqual(await shape(described.url));
  await migrated.drop();
  await described.drop();
});

test('migrating twice, or from two processes at once, applies each migration once', async () => {
  const database = await createTestDatabase();
  const [first, second] = await Promise.all([migrate(database.url), migrate(database.url)]);
  expect([first.length, second.length].sort()).toEqual([0, Math.max(first.length, second.length)]);
  expect(await migrate(database.url)).toEqual([]);
  await database.drop();
});
