import { notFound } from '../errors.ts';
import type { TenancyDependencies } from './agency.ts';
import { type Customer, customerOfRow } from './customer.ts';
import { withoutUndefined } from './given-fields.ts';
import type { Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

/** Throws 404 for an id that is not there for this scope. */
export async function findCustomer(
  { prisma }: Pick<TenancyDependencies, 'prisma'>,
  scope: Scope,
  id: string,
): Promise<Customer> {
  const row = await scoped(prisma, scope).customer.findFirst({ where: { id } });
  if (!row) throw notFound('customer');
  return customerOfRow(row);
}

export interface CustomerFilter {
  readonly agencyId?: string | undefined;
  readonly email?: string | undefined;
  readonly externalId?: string | undefined;
}

/** Newest first, at most `limit`, those made before the one whose id is `after`. */
export async function listCustomers(
  { prisma }: TenancyDependencies,
  scope: Scope,
  filter: CustomerFilter,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<Customer[]> {
  const rows = await scoped(prisma, scope).customer.findMany({
    where: { ...withoutUndefined(filter), ...(page.after === undefined ? {} : { id: { lt: page.after } }) },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
  return rows.map(customerOfRow);
}
