import { idOfRequest, newId } from '../ids.ts';
import { type Agency, type AgencySettings, agencyOfRow, type TenancyDependencies } from './agency.ts';
import { ensureAgencyCustomer } from './agency-clients.ts';
import type { Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

export interface NewAgency {
  readonly name: string;
  readonly email: string;
  readonly country: string;
  readonly settings: AgencySettings;
  /** The idempotent request that makes it, if there is one: the same request makes it once. */
  readonly requestId: string | undefined;
}

/** Makes the agency, and the client of the platform that it is too. */
export async function createAgency(
  { prisma, clock }: TenancyDependencies,
  scope: Scope,
  agency: NewAgency,
): Promise<Agency> {
  const id = agency.requestId === undefined ? newId('agency') : idOfRequest('agency', agency.requestId);
  const { name, email, country, settings } = agency;
  return scoped(prisma, scope).$transaction(async (db) => {
    const platform = await db.agency.findFirstOrThrow({ where: { isPlatform: true } });
    await db.agency.createMany({
      data: [{ id, name, email, country, settings, createdAt: clock.now() }],
      skipDuplicates: true,
    });
    await ensureAgencyCustomer(db, clock, platform.id, { id, name, email }, agency.requestId);
    return agencyOfRow(await db.agency.findUniqueOrThrow({ where: { id } }));
  });
}
