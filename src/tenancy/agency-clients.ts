import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Prisma, PrismaClient } from '../database/generated/client.ts';
import { idOfRequest, newId } from '../ids.ts';

/** An agency as it is known to the platform, whose client it is. */
interface KnownAgency {
  readonly id: string;
  readonly name: string;
  readonly email: string;
}

/** Prisma's client, or one inside a transaction. */
interface CustomerTable {
  readonly customer: {
    createMany(args: { data: Prisma.CustomerCreateManyInput[]; skipDuplicates: true }): Promise<unknown>;
  };
}

/** Makes the client of the platform that an agency is, if there is none. Its external id is the agency's id. */
export async function ensureAgencyCustomer(
  db: CustomerTable,
  clock: Clock,
  platformId: string,
  { id, name, email }: KnownAgency,
  requestId?: string,
): Promise<void> {
  const customerId = requestId === undefined ? newId('customer') : idOfRequest('customer', requestId);
  const data: Prisma.CustomerCreateManyInput = {
    agencyId: platformId,
    id: customerId,
    name,
    email,
    externalId: id,
    createdAt: clock.now(),
  };
  await db.customer.createMany({ data: [data], skipDuplicates: true });
}

/** At every start: agencies that were made before each was a client become one. */
export async function ensureAgencyCustomers(prisma: PrismaClient, clock: Clock, platformId: string): Promise<void> {
  const agencies = await prisma.agency.findMany({ where: { isPlatform: false } });
  const known = await customerIdsOf(
    prisma,
    agencies.map(({ id }) => id),
  );
  for (const agency of agencies) {
    if (!known.has(agency.id)) await ensureAgencyCustomer(prisma, clock, platformId, agency);
  }
}

const links = z.array(z.object({ agencyId: z.string(), customerId: z.string() }));

/** Agency -> the client of the platform that it is. The platform itself is nobody's. */
export async function customerIdsOf(
  prisma: PrismaClient,
  agencyIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await prisma.$queryRaw`
    SELECT c.external_id AS "agencyId", c.id AS "customerId"
    FROM customers c JOIN agencies platform ON platform.id = c.agency_id AND platform.is_platform
    WHERE c.external_id = ANY(${agencyIds})`;
  return new Map(links.parse(rows).map(({ agencyId, customerId }) => [agencyId, customerId]));
}
