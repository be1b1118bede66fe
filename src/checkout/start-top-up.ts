import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Order } from '../database/generated/client.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf, type MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { Money } from '../money/money.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { type OperationDependencies, runOperation } from '../providers/operation.ts';
import type { CheckoutPort, HostedSession, ProviderName, Providers, TopUpSessionRequest } from '../providers/port.ts';
import type { LivePlanOf } from '../revenue/share.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import { orderTermsOf } from './order-terms.ts';
import { ensureProviderCustomer } from './provider-customer.ts';
import { checkoutOf, convertTopUp, quotedMoney } from './quote-top-up.ts';
import { namingTheField } from './refused-field.ts';

/** An hour less than the provider's longest, so that an order that was stored before its call still fits. */
const marginMs = 3_600_000;

export interface StartTopUpRequest {
  readonly agencyId: string;
  readonly customerId: string;
  /** Exactly one of the two. */
  readonly credited?: Money | undefined;
  readonly quoteId?: string | undefined;
  readonly provider?: ProviderName | undefined;
  readonly successUrl?: string | undefined;
  readonly cancelUrl?: string | undefined;
  /** Names the request: the same again continues the same order, after a crash too. */
  readonly requestId: string;
}

export interface StartedCheckout {
  readonly id: string;
  readonly orderId: string;
  readonly url: string | null;
  readonly status: 'open' | 'complete' | 'expired';
}

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly operations: OperationDependencies;
  readonly livePlanOf: LivePlanOf;
  /** Base of the pages that the client comes back to, without a slash at its end. */
  readonly publicUrl: string;
}

export type StartTopUp = (request: StartTopUpRequest) => Promise<StartedCheckout>;

/**
 * Starts a top-up: the order is committed, then the provider is asked for a hosted session under the order's own key, then the
 * session is committed. A crash or a lost answer between any two leaves an order that the same request continues, with one
 * session. Throws `ProviderError` when the provider did not answer; the same request may be sent again. Throws 422 for what the
 * provider refuses about the request itself, and 409 where the order's account takes no payments any more or the client or its
 * agency is disabled.
 */
export function createStartTopUp(dependencies: Dependencies): StartTopUp {
  const { database, clock, providers, merchantAccounts, operations } = dependencies;

  return async (request) => {
    const customer = await database.prisma.customer.findUnique({
      where: { agencyId_id: { agencyId: request.agencyId, id: request.customerId } },
    });
    if (!customer) throw notFound('customer');
    await requireServing(database.pool, { agencyId: customer.agencyId, customerId: customer.id });

    const order = await findOrCreateOrder(dependencies, request);
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
      return createSession(operations, order, account, checkout, providerCustomerId);
    });
    await database.prisma.order.update({
      where: { agencyId_id: { agencyId: order.agencyId, id: order.id } },
      data: { providerSessionId: session.id, sessionUrl: session.url, updatedAt: clock.now() },
    });
    return { ...started, url: session.url, status: session.status };
  };
}

const sessionStatusOf = (order: Order): StartedCheckout['status'] => {
  if (order.status === 'checkout') return 'open';
  return order.status === 'expired' ? 'expired' : 'complete';
};

async function findOrCreateOrder(dependencies: Dependencies, request: StartTopUpRequest): Promise<Order> {
  const { database, clock, providers, livePlanOf, publicUrl } = dependencies;
  const { agencyId, customerId, requestId } = request;
  const where = { agencyId_requestId: { agencyId, requestId } };
  const existing = await database.prisma.order.findUnique({ where });
  if (existing) return existing;

  const { account, ...money } = await moneyOf(dependencies, request);
  const plan = await livePlanOf(database.pool, { agencyId, customerId });
  const terms = orderTermsOf(plan, agencyId, account, money.charged);
  const now = clock.now();
  const id = newId('order');
  const lifetimeMs = checkoutOf(providers, account).sessionLifetimeMs.max - marginMs;
  // Another try of the same request may have been faster; then its order is the one.
  await database.prisma.order.createMany({
    skipDuplicates: true,
    data: [
      {
        agencyId,
        id,
        customerId,
        merchantAccountId: account.id,
        kind: 'top_up',
        status: 'checkout',
        credited: money.credited.amount,
        chargeCurrency: money.charged.currency.code,
        charged: money.charged.amount,
        exact: money.exact.amount,
        rate: money.rate.value,
        ...terms,
        platformShare: terms.platformShare.amount,
        applicationFee: terms.applicationFee.amount,
        quoteId: request.quoteId ?? null,
        requestId,
        sessionId: newId('checkoutSession'),
        successUrl: request.successUrl ?? `${publicUrl}/checkout/done?order=${id}`,
        cancelUrl: request.cancelUrl ?? `${publicUrl}/checkout/cancelled?order=${id}`,
        expiresAt: new Date(now.getTime() + lifetimeMs),
        createdAt: now,
        updatedAt: now,
      },
    ],
  });
  return database.prisma.order.findUniqueOrThrow({ where });
}

/** From the quote, as it was shown; or from the amount, at the account's rate now. */
async function moneyOf(
  { database, clock, providers, merchantAccounts }: Dependencies,
  request: StartTopUpRequest,
): Promise<ReturnType<typeof quotedMoney> & { readonly account: MerchantAccount }> {
  if (request.quoteId !== undefined) {
    const quote = await database.prisma.quote.findUnique({
      where: { agencyId_id: { agencyId: request.agencyId, id: request.quoteId } },
    });
    if (!quote || quote.customerId !== request.customerId) throw notFound('quote');
    if (quote.expiresAt <= clock.now()) throw conflict('quote_expired', 'The quote has expired: ask for a new one.');
    const account = await merchantAccounts.byId(quote.merchantAccountId);
    if (account?.status !== 'active')
      throw conflict('merchant_account_inactive', 'The quote’s account takes no payments now: ask for a new quote.');
    return { ...quotedMoney(quote), account };
  }
  if (!request.credited) throw new AppError(422, 'amount_or_quote', 'Give an amount or a quoteId.');
  const account = await merchantAccounts.forNewCheckout(request.agencyId, request.provider);
  const { source, charged, exact, rate } = convertTopUp(account, checkoutOf(providers, account), request.credited);
  return { credited: source, charged, exact, rate, account };
}

function createSession(
  operations: OperationDependencies,
  order: Order,
  account: MerchantAccount,
  checkout: CheckoutPort,
  providerCustomerId: string,
): Promise<HostedSession> {
  const ref = accountRefOf(account);
  const credited = Money.of(order.credited.toFixed(), 'USD');
  const fee = Money.of(order.applicationFee.toFixed(), order.chargeCurrency);
  const request: TopUpSessionRequest = {
    orderId: order.id,
    metadata: {
      [metadataKeys.order]: order.id,
      [metadataKeys.customer]: order.customerId,
      [metadataKeys.agency]: order.agencyId,
    },
    providerCustomerId,
    amount: Money.of(order.charged.toFixed(), order.chargeCurrency),
    ...(fee.isZero ? {} : { applicationFee: fee }),
    description: `Top-up: ${credited} of balance`,
    successUrl: order.successUrl,
    cancelUrl: order.cancelUrl,
    expiresAt: order.expiresAt,
  };
  return runOperation(operations, {
    id: `checkout:${order.id}`,
    request,
    call: (idempotencyKey) => checkout.createTopUpSession(ref, request, { idempotencyKey }),
    lookUp: () => checkout.findSession(ref, providerCustomerId, order.id),
  });
}
