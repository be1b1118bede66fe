import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Customer, Order } from '../database/generated/client.ts';
import { conflict } from '../errors.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf, type MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { Money } from '../money/money.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { type OperationDependencies, runOperation } from '../providers/operation.ts';
import type { CheckoutPort, HostedSession, Providers, TopUpSessionRequest } from '../providers/port.ts';
import { ensureProviderCustomer } from './provider-customer.ts';
import { checkoutOf } from './quote-top-up.ts';
import { namingTheField } from './refused-field.ts';

/** An hour less than the provider's longest, so that an order that was stored before its call still fits. */
const marginMs = 3_600_000;

/** When the session of an order that is stored now is to end. */
export const sessionEnd = (checkout: CheckoutPort, now: Date): Date =>
  new Date(now.getTime() + checkout.sessionLifetimeMs.max - marginMs);

export interface SessionDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly operations: OperationDependencies;
}

export interface StartedCheckout {
  readonly id: string;
  readonly orderId: string;
  readonly url: string | null;
  readonly status: 'open' | 'complete' | 'expired';
}

const sessionStatusOf = (order: Order): StartedCheckout['status'] => {
  if (order.status === 'checkout') return 'open';
  return order.status === 'expired' ? 'expired' : 'complete';
};

/**
 * The hosted session of an order that is stored: the provider is asked for it under the order's own key, then it is committed. A
 * crash or a lost answer in between leaves an order that the same call continues, with one session. `description` is the line that the
 * client reads; it must follow from the order alone. Throws `ProviderError` when the provider did not answer, 422 for what it refuses
 * about the request itself, 409 where the order's account takes no payments any more.
 */
export async function openSession(
  dependencies: SessionDependencies,
  customer: Customer,
  order: Order,
  description: string,
): Promise<StartedCheckout> {
  const { database, clock, providers, merchantAccounts, operations } = dependencies;
  const started = { id: order.sessionId, orderId: order.id };
  if (order.sessionUrl !== null || order.status !== 'checkout') {
    return { ...started, url: order.status === 'checkout' ? order.sessionUrl : null, status: sessionStatusOf(order) };
  }
  const account = await merchantAccounts.byId(order.merchantAccountId);
  if (account?.status !== 'active') {
    throw conflict('merchant_account_inactive', 'The order’s account takes no payments now: start a new checkout.');
  }
  const checkout = checkoutOf(providers, account);
  const session = await namingTheField(async () => {
    const providerCustomerId = await ensureProviderCustomer(dependencies, customer, account, checkout);
    return createSession(operations, order, account, checkout, { providerCustomerId, description });
  });
  await database.prisma.order.update({
    where: { agencyId_id: { agencyId: order.agencyId, id: order.id } },
    data: { providerSessionId: session.id, sessionUrl: session.url, updatedAt: clock.now() },
  });
  return { ...started, url: session.url, status: session.status };
}

function createSession(
  operations: OperationDependencies,
  order: Order,
  account: MerchantAccount,
  checkout: CheckoutPort,
  shown: Pick<TopUpSessionRequest, 'providerCustomerId' | 'description'>,
): Promise<HostedSession> {
  const ref = accountRefOf(account);
  const fee = Money.of(order.applicationFee.toFixed(), order.chargeCurrency);
  const request: TopUpSessionRequest = {
    orderId: order.id,
    metadata: {
      [metadataKeys.order]: order.id,
      [metadataKeys.customer]: order.customerId,
      [metadataKeys.agency]: order.agencyId,
    },
    providerCustomerId: shown.providerCustomerId,
    amount: Money.of(order.charged.toFixed(), order.chargeCurrency),
    ...(fee.isZero ? {} : { applicationFee: fee }),
    description: shown.description,
    successUrl: order.successUrl,
    cancelUrl: order.cancelUrl,
    expiresAt: order.expiresAt,
  };
  return runOperation(operations, {
    id: `checkout:${order.id}`,
    request,
    call: (idempotencyKey) => checkout.createTopUpSession(ref, request, { idempotencyKey }),
    lookUp: () => checkout.findSession(ref, shown.providerCustomerId, order.id),
  });
}
