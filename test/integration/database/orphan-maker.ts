// Holds what a service holds, says so, and waits to be killed.
import pg from 'pg';
import { lockDataDir } from '../../../src/database/data-dir-lock.ts';
import { startEmbeddedServer } from '../../../src/database/embedded-server.ts';

const [dataDir, what] = process.argv.slice(2);
if (!dataDir) throw new Error('name the data directory');
if (what === 'lock') {
  await lockDataDir(dataDir);
} else {
  const server = await startEmbeddedServer({ dataDir });
  const client = new pg.Client({ connectionString: await server.ensureDatabase('kept') });
  await client.connect();
  await client.query('CREATE TABLE t AS SELECT 42 AS answer');
}
process.send?.('ready');
setInterval(() => undefined, 1_000);
