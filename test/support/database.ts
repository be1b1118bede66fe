import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { templateDatabase, withDatabase } from './database-url.ts';

export interface TestDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

async function admin(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('databaseAdminUrl') });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** Ends what is connected to a database of the run's server, and drops it where it is there. */
export const dropDatabase = (name: string): Promise<void> => admin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);

async function create(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await admin(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  return {
    url: withDatabase(inject('databaseAdminUrl'), name),
    drop: () => dropDatabase(name),
  };
}

/** An empty database on the run's PostgreSQL server. */
export const createTestDatabase = (): Promise<TestDatabase> => create('template1');

/** A database with the service's tables, cloned from the run's migrated template. */
export const createMigratedDatabase = (): Promise<TestDatabase> => create(templateDatabase);
