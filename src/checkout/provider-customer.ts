import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Customer } from '../database/generated/client.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { type OperationDependencies, runOperation } from '../providers/operation.ts';
import type { CheckoutPort } from '../providers/port.ts';

export interface ProviderCustomerDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly operations: OperationDependencies;
}

/** The client as the account knows it: made once per account, found again if the answer was lost. */
export async function ensureProviderCustomer(
  { database, clock, operations }: ProviderCustomerDependencies,
  customer: Customer,
  account: MerchantAccount,
  checkout: CheckoutPort,
): Promise<string> {
  const key = { agencyId: customer.agencyId, customerId: customer.id, merchantAccountId: account.id };
  const known = await database.prisma.providerCustomer.findUnique({
    where: { agencyId_customerId_merchantAccountId: key },
  });
  if (known) return known.providerCustomerId;
  const ref = accountRefOf(account);
  const made = await runOperation(operations, {
    id: `customer:${account.id}:${customer.id}`,
    // Not the name or e-mail: they may change before a lost call is repeated, and the client stays the same.
    request: { customerId: customer.id },
    call: (idempotencyKey) =>
      checkout.createCustomer(
        ref,
        { customerId: customer.id, name: customer.name, email: customer.email },
        { idempotencyKey },
      ),
    lookUp: () => checkout.findCustomer(ref, customer.id, customer.email),
  });
  await database.prisma.providerCustomer.createMany({
    skipDuplicates: true,
    data: [{ ...key, providerCustomerId: made.id, createdAt: clock.now() }],
  });
  return made.id;
}
