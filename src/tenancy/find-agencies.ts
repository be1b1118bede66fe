import { notFound } from '../errors.ts';
import { type Agency, agencyOfRow, type TenancyDependencies } from './agency.ts';
import type { Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

/** Throws 404 for an id that is not there for this scope. */
export async function findAgency({ prisma }: TenancyDependencies, scope: Scope, id: string): Promise<Agency> {
  const row = await scoped(prisma, scope).agency.findUnique({ where: { id } });
  if (!row) throw notFound('agency');
  return agencyOfRow(row);
}

/** The platform as the agency that it also is. */
export async function findPlatformAgency({ prisma }: TenancyDependencies, scope: Scope): Promise<Agency> {
  const row = await scoped(prisma, scope).agency.findFirst({ where: { isPlatform: true } });
  if (!row) throw notFound('agency');
  return agencyOfRow(row);
}

/** Newest first, at most `limit`, those made before the one whose id is `after`. */
export async function listAgencies(
  { prisma }: TenancyDependencies,
  scope: Scope,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<Agency[]> {
  const rows = await scoped(prisma, scope).agency.findMany({
    where: page.after === undefined ? {} : { id: { lt: page.after } },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
  return rows.map(agencyOfRow);
}
