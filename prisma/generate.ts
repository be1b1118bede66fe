// Generates the Prisma client when it is missing or older than the schema. Run by `npm ci` (postinstall) and by the start.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const schemaFile = fileURLToPath(new URL('./schema.prisma', import.meta.url));
const generated = fileURLToPath(new URL('../src/database/generated/', import.meta.url));
const stampFile = `${generated}.stamp`;

const require = createRequire(import.meta.url);
const prismaPackage = require.resolve('prisma/package.json');
const stamp = createHash('sha256').update(readFileSync(schemaFile)).update(readFileSync(prismaPackage)).digest('hex');

const current = (() => {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return '';
  }
})();

if (current !== stamp) {
  const cli = fileURLToPath(new URL('./build/index.js', `file://${prismaPackage}`));
  const result = spawnSync(process.execPath, [cli, 'generate', '--no-hints'], {
    encoding: 'utf8',
    // `generate` insists on the migration engine's path but does not run it; naming any program spares its download.
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  });
  if (result.status !== 0) {
    console.error(result.stdout, result.stderr);
    process.exit(result.status ?? 1);
  }
  mkdirSync(generated, { recursive: true });
  writeFileSync(stampFile, stamp);
}
