import { notFound } from '../errors.ts';
import type { TenancyDependencies } from './agency.ts';
import { type Collection, type Customer, customerOfRow, externalIdTaken, isUniqueViolation } from './customer.ts';
import { withoutUndefined } from './given-fields.ts';
import type { Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

export interface CustomerChange {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly externalId?: string | null | undefined;
  readonly collection?: Collection | undefined;
  readonly disabled?: boolean | undefined;
}

/** Throws 404 for an id that is not there for this scope, and 409 `external_id_taken`. */
export async function changeCustomer(
  { prisma, clock }: TenancyDependencies,
  scope: Scope,
  id: string,
  { disabled, ...fields }: CustomerChange,
): Promise<Customer> {
  try {
    return await scoped(prisma, scope).$transaction(async (db) => {
      const row = await db.customer.findFirst({ where: { id } });
      if (!row) throw notFound('customer');
      const disabledAt = disabled === undefined ? undefined : disabled ? (row.disabledAt ?? clock.now()) : null;
      const changed = await db.customer.update({
        where: { agencyId_id: { agencyId: row.agencyId, id } },
        data: withoutUndefined({ ...fields, disabledAt }),
      });
      return customerOfRow(changed);
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw externalIdTaken();
    throw error;
  }
}
