import type { Customer as CustomerRow, PrismaClient } from '../database/generated/client.ts';
import { conflict, notFound } from '../errors.ts';
import type { TenancyDependencies } from './agency.ts';
import { noteChange } from './audit.ts';
import { type Collection, type Customer, customerOfRow, externalIdTaken, isUniqueViolation } from './customer.ts';
import { withoutUndefined } from './given-fields.ts';
import type { Scope } from './scope.ts';
import { type ScopedTransaction, scoped } from './scoped-prisma.ts';
import { standingChange } from './standing.ts';

export interface CustomerChange {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly externalId?: string | null | undefined;
  readonly collection?: Collection | undefined;
  readonly disabled?: boolean | undefined;
}

/** Told of a customer that is to be collected from in another way, in the transaction that says so. `db` is limited to the scope. */
export type OnCollectionChanged = (db: ScopedTransaction, customer: Customer) => Promise<void>;

export interface CustomerChangeDependencies extends TenancyDependencies {
  /** Absent where nothing is collected. */
  readonly onCollectionChanged?: OnCollectionChanged;
}

/**
 * Throws 404 for an id that is not there for this scope, 409 `external_id_taken`, and 409 `agency_customer` for taking an agency's
 * id from the client of the platform that the agency is: it is known by it.
 */
export async function changeCustomer(
  { prisma, clock, onCollectionChanged }: CustomerChangeDependencies,
  scope: Scope,
  id: string,
  { disabled, ...fields }: CustomerChange,
): Promise<Customer> {
  try {
    return await scoped(prisma, scope).$transaction(async (db) => {
      const row = await db.customer.findFirst({ where: { id } });
      if (!row) throw notFound('customer');
      if (fields.externalId !== undefined && fields.externalId !== row.externalId && (await isAgency(prisma, row))) {
        throw conflict('agency_customer', 'This client is an agency: its externalId is the agency’s id and stays.');
      }
      const disabledAt = disabled === undefined ? undefined : disabled ? (row.disabledAt ?? clock.now()) : null;
      const changed = await db.customer.update({
        where: { agencyId_id: { agencyId: row.agencyId, id } },
        data: withoutUndefined({ ...fields, disabledAt }),
      });
      const standing = standingChange('customer', row.disabledAt !== null, changed.disabledAt !== null);
      if (standing) await noteChange(db, clock, scope, { agencyId: row.agencyId, subject: id, ...standing });
      const customer = customerOfRow(changed);
      if (changed.collection !== row.collection) await onCollectionChanged?.(db, customer);
      return customer;
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw externalIdTaken();
    throw error;
  }
}

/** Asked of the whole table: which agencies there are is not the scope's business. */
async function isAgency(prisma: PrismaClient, row: Pick<CustomerRow, 'agencyId' | 'externalId'>): Promise<boolean> {
  if (row.externalId === null) return false;
  const [owner, named] = await Promise.all([
    prisma.agency.findUnique({ where: { id: row.agencyId } }),
    prisma.agency.findUnique({ where: { id: row.externalId } }),
  ]);
  return owner?.isPlatform === true && named !== null;
}
