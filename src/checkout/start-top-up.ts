import type { Order } from '../database/generated/client.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { balanceCurrency, type MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import type { ProviderName } from '../providers/port.ts';
import type { LivePlanOf } from '../revenue/share.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import { openSession, type SessionDependencies, type StartedCheckout, sessionEnd } from './open-session.ts';
import { orderTermsOf } from './order-terms.ts';
import { checkoutOf, convertTopUp, quotedMoney } from './quote-top-up.ts';

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

interface Dependencies extends SessionDependencies {
  readonly livePlanOf: LivePlanOf;
  /** Base of the pages that the client comes back to, without a slash at its end. */
  readonly publicUrl: string;
}

export type StartTopUp = (request: StartTopUpRequest) => Promise<StartedCheckout>;

/**
 * Starts a top-up: the order is committed, then its session is opened (`openSession`), which the same request continues. Throws
 * `ProviderError` when the provider did not answer; the same request may be sent again. Throws 422 for what the provider refuses
 * about the request itself, and 409 where the order's account takes no payments any more or the client or its agency is disabled.
 */
export function createStartTopUp(dependencies: Dependencies): StartTopUp {
  const { database } = dependencies;

  return async (request) => {
    const customer = await database.prisma.customer.findUnique({
      where: { agencyId_id: { agencyId: request.agencyId, id: request.customerId } },
    });
    if (!customer) throw notFound('customer');
    await requireServing(database.pool, { agencyId: customer.agencyId, customerId: customer.id });

    const order = await findOrCreateOrder(dependencies, request);
    const credited = Money.of(order.credited.toFixed(), balanceCurrency);
    return openSession(dependencies, customer, order, `Top-up: ${credited} of balance`);
  };
}

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
        expiresAt: sessionEnd(checkoutOf(providers, account), now),
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
