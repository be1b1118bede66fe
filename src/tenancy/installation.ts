import type { Clock } from '../clock.ts';
import type { Mode } from '../config.ts';
import type { PrismaClient } from '../database/generated/client.ts';
import { SettingError } from '../errors.ts';
import { fingerprintOf } from './api-key.ts';

const begunAs: Readonly<Record<Mode, string>> = {
  sandbox: 'began as a sandbox, whose balances were paid with test cards',
  test: 'began with a test key',
  live: 'began with a live key and holds real money',
};

const wantedBy: Readonly<Record<Mode, string>> = {
  sandbox: 'STRIPE_SECRET_KEY is not set',
  test: 'STRIPE_SECRET_KEY is a test key',
  live: 'STRIPE_SECRET_KEY is a live key',
};

/**
 * Stamps the database at its first start with what it is, and afterwards holds every start to it. Throws `SettingError`
 * when the mode differs (test money must never meet real money) or the encryption key does (nothing sealed with the other
 * key could be opened, and no API key would be found).
 */
export async function stampInstallation(
  { prisma, clock }: { readonly prisma: PrismaClient; readonly clock: Clock },
  { mode, encryptionKey }: { readonly mode: Mode; readonly encryptionKey: string },
): Promise<void> {
  const encryptionKeyFingerprint = fingerprintOf(encryptionKey);
  await prisma.installation.createMany({
    data: [{ id: 1, mode, encryptionKeyFingerprint, createdAt: clock.now() }],
    skipDuplicates: true,
  });
  const stamped = await prisma.installation.findUniqueOrThrow({ where: { id: 1 } });
  if (stamped.mode !== mode) {
    const begun = isMode(stamped.mode) ? begunAs[stamped.mode] : `is stamped ${stamped.mode}`;
    throw new SettingError(
      `${wantedBy[mode]}, but this database ${begun}: point DATABASE_URL or DATA_DIR at another one.`,
    );
  }
  if (stamped.encryptionKeyFingerprint !== encryptionKeyFingerprint) {
    throw new SettingError('ENCRYPTION_KEY is not the key that this database was started with.');
  }
}

const isMode = (text: string): text is Mode => Object.hasOwn(begunAs, text);
