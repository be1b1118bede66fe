import { invalidField } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import type { Agency, TenancyDependencies } from './agency.ts';
import { type Collection, type Customer, customerOfRow, externalIdTaken } from './customer.ts';
import { findAgency } from './find-agencies.ts';
import { agencyOf, type Scope } from './scope.ts';
import { type ScopedTransaction, scoped } from './scoped-prisma.ts';

export interface NewCustomer {
  /** May be left out by an agency, for it can only mean itself. */
  readonly agencyId: string | undefined;
  readonly name: string;
  readonly email: string;
  readonly externalId: string | undefined;
  readonly collection: Collection;
  /** The idempotent request that makes it, if there is one: the same request makes it once. */
  readonly requestId: string | undefined;
}

export interface NewCustomerDependencies extends TenancyDependencies {
  /** Told of the customer in the transaction that makes it, once. Absent where nothing begins with a customer. */
  readonly onCustomerCreated?: OnCustomerCreated;
}

/** `db` is limited to the scope that makes the customer. */
export type OnCustomerCreated = (db: ScopedTransaction, customer: Customer, agency: Agency) => Promise<void>;

/**
 * Throws 404 for an agency that is not there for this scope, 422 when the platform names none, and 409
 * `external_id_taken`.
 */
export async function createCustomer(
  dependencies: NewCustomerDependencies,
  scope: Scope,
  customer: NewCustomer,
): Promise<Customer> {
  const wanted = customer.agencyId ?? agencyOf(scope);
  if (wanted === undefined)
    throw invalidField('agencyId', 'invalid_request', 'Say which agency the customer belongs to.');
  const agency = await findAgency(dependencies, scope, wanted);
  const agencyId = agency.id;

  const id = customer.requestId === undefined ? newId('customer') : idOfRequest('customer', customer.requestId);
  const { name, email, collection } = customer;
  return scoped(dependencies.prisma, scope).$transaction(async (db) => {
    const { count } = await db.customer.createMany({
      data: [
        {
          agencyId,
          id,
          name,
          email,
          externalId: customer.externalId ?? null,
          collection,
          createdAt: dependencies.clock.now(),
        },
      ],
      skipDuplicates: true,
    });
    // Nothing was inserted and the row is not ours: then it was the external id that is there already.
    const row = await db.customer.findUnique({ where: { agencyId_id: { agencyId, id } } });
    if (!row) throw externalIdTaken();
    const made = customerOfRow(row);
    if (count > 0) await dependencies.onCustomerCreated?.(db, made, agency);
    return made;
  });
}
