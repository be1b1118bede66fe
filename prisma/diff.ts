// Prints the SQL from one Prisma schema file (or nothing) to schema.prisma: the first draft of a migration.
//   node prisma/diff.ts [old-schema.prisma]
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startEmbeddedServer } from '../src/database/embedded-server.ts';
import { diffSchemas } from './schema-engine.ts';

const current = readFileSync(fileURLToPath(new URL('./schema.prisma', import.meta.url)), 'utf8');
const previousFile = process.argv[2];
const dataDir = mkdtempSync(join(tmpdir(), 'baisa-diff-'));
const server = await startEmbeddedServer({ dataDir, fsync: false });
try {
  console.log(
    await diffSchemas(server.urlOf('postgres'), previousFile ? readFileSync(previousFile, 'utf8') : null, current),
  );
} finally {
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
