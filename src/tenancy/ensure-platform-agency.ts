import { newId } from '../ids.ts';
import { type Agency, agencyOfRow } from './agency.ts';
import { ensureAgencyCustomers } from './agency-clients.ts';
import { hintOf } from './api-key.ts';
import type { KeyIssueDependencies } from './api-keys.ts';

export interface PlatformSettings {
  /** The key of `PLATFORM_API_KEY`, or the one made for this installation. */
  readonly apiKey: string;
  readonly country: string;
}

/** The name of the row that holds the configured key; there is one at a time. */
const configuredKeyName = 'PLATFORM_API_KEY';

/**
 * At every start: makes the platform's own agency if there is none, and makes the configured key the platform's key. The
 * one that was configured before is revoked, so that changing the setting is how a leaked key is withdrawn. Every other agency
 * becomes a client of the platform. Safe for replicas that start at once.
 */
export async function ensurePlatformAgency(
  { prisma, clock, hash }: KeyIssueDependencies,
  { apiKey, country }: PlatformSettings,
): Promise<Agency> {
  const now = clock.now();
  await prisma.agency.createMany({
    data: [
      { id: newId('agency'), name: 'Platform', email: 'platform@localhost', country, isPlatform: true, createdAt: now },
    ],
    skipDuplicates: true,
  });
  const platform = await prisma.agency.findFirstOrThrow({ where: { isPlatform: true } });

  const keyHash = hash(apiKey);
  await prisma.apiKey.createMany({
    data: [
      {
        id: newId('apiKey'),
        agencyId: platform.id,
        role: 'platform',
        name: configuredKeyName,
        hash: keyHash,
        hint: hintOf(apiKey),
        createdAt: now,
      },
    ],
    skipDuplicates: true,
  });
  await prisma.apiKey.updateMany({ where: { hash: keyHash, role: 'platform' }, data: { revokedAt: null } });
  await prisma.apiKey.updateMany({
    where: { role: 'platform', name: configuredKeyName, hash: { not: keyHash }, revokedAt: null },
    data: { revokedAt: now },
  });
  await ensureAgencyCustomers(prisma, clock, platform.id);
  return agencyOfRow(platform);
}
