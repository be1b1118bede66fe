import { z } from 'zod';
import { inTransaction } from '../database/database.ts';
import { AppError } from '../errors.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { ProviderError } from '../providers/errors.ts';
import { runOperation } from '../providers/operation.ts';
import type { ProviderSubscription } from '../providers/subscription-ports.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type ApplyDependencies, applyReading } from './apply-subscription-events.ts';
import { endCheckout, findCheckout, openCheckoutOf, type SubscriptionCheckout } from './checkout.store.ts';
import { underClaim } from './claim.ts';
import { intend, isSameRequest, linesOfCheckout, metadataOf, type SubscribeRequest, termsOf } from './subscribe.ts';
import { loadSubscription } from './subscription.store.ts';
import type { Subscription } from './subscription.ts';
import { withdrawOpen } from './withdraw.ts';

/**
 * Subscribes a client whose verified default card is charged at once, without the client. Answers the subscription as its provider made
 * it; its quotas open with its first invoice's own event. Null where the client has no such card, or it is saved on an account that
 * takes nothing now: the client subscribes on the provider's page then. Throws as `subscribe`, and 402 `card_declined`.
 */
export async function subscribeByCard(
  dependencies: ApplyDependencies,
  scope: Scope,
  request: SubscribeRequest,
  agencyId: string,
): Promise<Subscription | null> {
  const { database, merchantAccounts, findDefaultCard } = dependencies;
  const client = { agencyId, customerId: request.customerId };
  const card = await findDefaultCard(database.pool, client);
  const account = card && (await merchantAccounts.byId(card.merchantAccountId));
  if (!card || account?.status !== 'active') return null;
  const open = await openCheckoutOf(database.pool, client);
  // A page that sells the same stays the way to it.
  if (open && isSameRequest(open, request, 'page') && open.mode !== 'api') return null;
  if (open && !isSameRequest(open, request, 'card')) await withdrawOpen(dependencies, client);
  const checkout = await intend(dependencies, scope, request, { account });
  if (checkout.mode !== 'api') return null;
  if (checkout.status === 'complete') return loadSubscription(database.pool, client, checkout.subscriptionId);
  try {
    await create(dependencies, checkout, card.providerCardId);
  } catch (error) {
    if (!(error instanceof ProviderError) || error.kind !== 'declined') throw error;
    await endCheckout(database.pool, checkout, 'expired', dependencies.clock.now());
    throw new AppError(
      402,
      'card_declined',
      `The client’s default card was declined (${error.detail.declineCode ?? error.detail.code ?? 'declined'}): send the client a checkout link instead.`,
    );
  }
  return loadSubscription(database.pool, client, checkout.subscriptionId);
}

/** Makes the provider's subscription of an intent under its own key, and applies what the provider answers. */
async function create(
  dependencies: ApplyDependencies,
  checkout: SubscriptionCheckout,
  cardId: string,
): Promise<ProviderSubscription> {
  const { database, clock, providers, merchantAccounts, operations } = dependencies;
  const account = await merchantAccounts.byId(checkout.merchantAccountId);
  const { cardSubscriptions, checkout: page } = (account && providers[account.provider]) ?? {};
  if (!account || !cardSubscriptions || !page) throw new Error(`checkout ${checkout.id} has no account that sells it`);
  const { providerCustomerId, terms } = await termsOf(dependencies, checkout, account, page);
  const ref = accountRefOf(account);
  const request = {
    subscriptionId: checkout.subscriptionId,
    metadata: metadataOf(checkout),
    providerCustomerId,
    cardId,
    lines: await linesOfCheckout(database.pool, checkout, terms.document, account),
    trialDays: checkout.trialDays,
    applicationFeePercent: terms.feePercent,
  };
  const readAt = clock.now();
  const subscription = await underClaim(dependencies, checkout, () =>
    runOperation(operations, {
      id: `subscription:${checkout.subscriptionId}`,
      request,
      declineIsFinal: true,
      call: (idempotencyKey) => cardSubscriptions.create(ref, request, { idempotencyKey }),
      lookUp: () => cardSubscriptions.find(ref, providerCustomerId, checkout.subscriptionId),
    }),
  );
  const { provider, providerAccountId } = account;
  await inTransaction(database.pool, async (sql) => {
    const event = {
      ...{ provider, providerAccountId, agencyId: checkout.agencyId, subscriptionId: checkout.subscriptionId },
      ...{ subscription, reading: null, trialWillEnd: false, trialCard: null, readAt },
    };
    await applyReading(dependencies, sql, event, { account, checkout, source: 'provider:answer' });
  });
  return subscription;
}

const jobPayload = z.object({ agencyId: z.string(), checkoutId: z.string(), cardId: z.string() });

/** The handler of `subscriptions.create`: the client saved a card for it on the provider's page. A refusal ends what was begun. */
export async function createFromSetup(dependencies: ApplyDependencies, payload: unknown): Promise<void> {
  const { agencyId, checkoutId, cardId } = jobPayload.parse(payload);
  const { database, clock, notify } = dependencies;
  const checkout = await findCheckout(database.pool, agencyId, checkoutId);
  if (checkout?.status !== 'open') return;
  try {
    await create(dependencies, checkout, cardId);
  } catch (error) {
    if (!(error instanceof ProviderError) || (error.kind !== 'declined' && error.kind !== 'invalid')) throw error;
    await inTransaction(database.pool, async (sql) => {
      await endCheckout(sql, checkout, 'expired', clock.now());
      const reason = error.detail.declineCode ?? error.detail.code ?? 'declined';
      await notify(sql, [
        {
          kind: 'payment_failed',
          agencyId,
          customerId: checkout.customerId,
          fact: checkout.id,
          facts: { charged: 'your subscription', reason },
        },
      ]);
    });
  }
}
