import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { type Database, openDatabase } from '../../../src/database/database.ts';
import { SettingError } from '../../../src/errors.ts';
import { stampInstallation } from '../../../src/tenancy/installation.ts';
import { loadSecrets } from '../../../src/tenancy/installation-secrets.ts';
import { createMigratedDatabase, type TestDatabase } from '../../support/database.ts';

describe('the stamp of a database', () => {
  let testDatabase: TestDatabase;
  let database: Database;
  beforeAll(async () => {
    testDatabase = await createMigratedDatabase();
    database = openDatabase(testDatabase.url);
  });
  afterAll(async () => {
    await database.close();
    await testDatabase.drop();
  });

  const stamp = (mode: 'sandbox' | 'test' | 'live', encryptionKey = 'the encryption key of this installation') =>
    stampInstallation({ prisma: database.prisma, clock: systemClock }, { mode, encryptionKey });

  test('is made by the first start, and every later one is held to it', async () => {
    await Promise.all([stamp('sandbox'), stamp('sandbox'), stamp('sandbox')]);
    await stamp('sandbox');
    await expect(stamp('live')).rejects.toThrow(SettingError);
    await expect(stamp('live')).rejects.toThrow(/^[^\n]*STRIPE_SECRET_KEY is a live key[^\n]*sandbox[^\n]*\.$/);
    await expect(stamp('sandbox', 'some other encryption key, long enough')).rejects.toThrow(
      /^ENCRYPTION_KEY [^\n]*\.$/,
    );
    expect(await database.prisma.installation.count()).toBe(1);
  });
});

describe('the secrets of a data directory', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'baisa-secrets-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('are random, made once even by starts at the same time, and readable by their owner only', async () => {
    const dataDir = join(folder, 'new');
    const loaded = await Promise.all(Array.from({ length: 10 }, () => loadSecrets(dataDir)));
    for (const secrets of loaded) expect(secrets).toEqual(loaded[0]);
    expect(await loadSecrets(dataDir)).toEqual(loaded[0]);
    expect((await stat(join(dataDir, 'secrets.json'))).mode & 0o777).toBe(0o600);
    expect(await readdir(dataDir)).toEqual(['secrets.json']);
    const other = await loadSecrets(join(folder, 'other'));
    expect(Object.values(other)).not.toEqual(expect.arrayContaining([loaded[0]?.encryptionKey]));
    expect(other.sandboxSecretKey).not.toBe(loaded[0]?.sandboxSecretKey);
  });

  test('are never made anew over a file that cannot be read, for what they sealed would be lost', async () => {
    await writeFile(join(folder, 'secrets.json'), '{');
    await expect(loadSecrets(folder)).rejects.toThrow(/DATA_DIR/);
  });
});
