import { createHash } from 'node:crypto';
import { carriedPlan } from '../catalog/carried-plan.ts';
import { findClient } from '../catalog/offer.store.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';
import { requireAssignable, requireBuyable } from '../catalog/require-for-sale.ts';
import { ensureProviderCustomer } from '../checkout/provider-customer.ts';
import { namingTheField } from '../checkout/refused-field.ts';
import { inTransaction, type Sql } from '../database/database.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { idOfRequest } from '../ids.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { runOperation } from '../providers/operation.ts';
import type { HostedSession, PaymentProvider, ProviderName } from '../providers/port.ts';
import type { SubscriptionLine } from '../providers/subscription-ports.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import type { Scope } from '../tenancy/scope.ts';
import {
  checkoutOfRequest,
  insertCheckout,
  openCheckoutOf,
  type SubscriptionCheckout,
  saveSession,
} from './checkout.store.ts';
import { underClaim, underWay } from './claim.ts';
import type { BillingDependencies } from './dependencies.ts';
import { feePercentOf } from './fee-percent.ts';
import { planAtProvider } from './plan-in-account.ts';
import { offeredTrialDays } from './plan-trial.ts';
import { type Choice, chosenAddOns, linesOf, needsSetupFirst, requireChoice, soldParts } from './sold-lines.ts';
import { loadLive } from './subscription.store.ts';
import type { AddOns } from './subscription.ts';
import { withdraw } from './withdraw.ts';

/** As long as a session may stay open at the provider, less a margin for the call. */
const lifetimeMs = 23 * 3_600_000;

export interface SubscribeRequest {
  readonly customerId: string;
  readonly planId: string;
  readonly cycle: Choice['cycle'];
  readonly addOns: AddOns;
  readonly provider?: ProviderName | undefined;
  readonly successUrl?: string | undefined;
  readonly cancelUrl?: string | undefined;
  readonly requestId: string;
}

export interface StartedSession {
  readonly id: string;
  readonly orderId: null;
  readonly url: string | null;
  readonly status: 'open' | 'complete' | 'expired';
}

/** What of the request makes it the same: not where the client comes back to. */
const hashOf = ({ planId, cycle, addOns, provider }: SubscribeRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([planId, cycle, Object.entries(chosenAddOns(addOns)).sort(), provider ?? null]))
    .digest('hex');

const startedOf = ({ id, status, sessionUrl }: SubscriptionCheckout): StartedSession => ({
  id,
  orderId: null,
  url: status === 'open' ? sessionUrl : null,
  status,
});

/**
 * Starts a hosted session in which a client subscribes. One is open per client: the same request answers it, another one ends it at
 * the provider first, and what was bought in it meanwhile stands. Throws 404, 409 `subscription_exists`, `plan_not_in_sync` and those
 * of who may buy, 422 for a choice that the plan does not offer, and `ProviderError` when the provider did not answer: the same
 * request may be sent again.
 */
export async function subscribe(
  dependencies: BillingDependencies,
  scope: Scope,
  request: SubscribeRequest,
): Promise<StartedSession> {
  const { database } = dependencies;
  const customer = await findClient(database.pool, scope, request.customerId, 'none');
  const open = await openCheckoutOf(database.pool, customer);
  if (open && (await loadLive(database.pool, customer))) throw subscriptionExists();
  const isSame = open !== null && isSameRequest(open, request, 'page') && (await isUsable(dependencies, open));
  if (open && !isSame) await withdraw(dependencies, open);
  const checkout = open && isSame ? open : await intend(dependencies, scope, request, 'page');
  return continueSession(dependencies, checkout);
}

const subscriptionExists = (): AppError =>
  conflict('subscription_exists', 'The client has a subscription: change that, or cancel it first.');

/** A charge without the client and a page are never the same, whatever they sell. */
export const isSameRequest = (
  { requestHash, requestId, mode }: SubscriptionCheckout,
  request: SubscribeRequest,
  by: 'page' | 'card',
): boolean =>
  requestId === request.requestId || (requestHash === hashOf(request) && (mode === 'api') === (by === 'card'));

/** Whether the client can still come to its subscription by it. */
async function isUsable(
  { clock, merchantAccounts }: BillingDependencies,
  { expiresAt, merchantAccountId }: SubscriptionCheckout,
): Promise<boolean> {
  const account = await merchantAccounts.byId(merchantAccountId);
  return expiresAt > clock.now() && account !== null && account.status !== 'disconnected';
}

/**
 * Stores what a client is to subscribe to, under the locks of plan, client and offers. `by`: on the provider's page, or by a card that
 * is saved on `account`. Throws as `subscribe`.
 */
export function intend(
  dependencies: BillingDependencies,
  scope: Scope,
  request: SubscribeRequest,
  by: 'page' | { readonly account: MerchantAccount },
): Promise<SubscriptionCheckout> {
  const { database, clock, merchantAccounts, publicUrl } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    const customer = await findClient(sql, scope, request.customerId, 'change');
    const own = await checkoutOfRequest(sql, customer.agencyId, request.requestId);
    if (own) return own;
    if (await loadLive(sql, customer)) throw subscriptionExists();
    const open = await openCheckoutOf(sql, customer);
    if (open && isSameRequest(open, request, by === 'page' ? 'page' : 'card')) return open;
    if (open) throw underWay();
    await requireServing(sql, customer);
    const require = scope.role === 'portal' ? requireBuyable : requireAssignable;
    const sale = await require(sql, scope, { customerId: customer.customerId, planId: request.planId });
    const choice = { cycle: request.cycle, addOns: chosenAddOns(request.addOns) };
    requireChoice(sale.document, choice);
    const account =
      by === 'page' ? await merchantAccounts.forNewCheckout(customer.agencyId, request.provider) : by.account;
    // Whether it can be sold there at all is said before anything is stored.
    const carried = carriedPlan(sale.document, account.provider).plan;
    requireChoice(carried, choice);
    const lines = await soldLines(sql, sale, choice, account);
    feePercentOf(sale.document, customer.agencyId, account);
    const now = clock.now();
    const viaSetup = needsSetupFirst(carried, choice);
    const row = {
      ...customer,
      id: idOfRequest('checkoutSession', request.requestId),
      merchantAccountId: account.id,
      plan: sale.plan,
      planVersion: sale.version,
      ...choice,
      mode: by === 'page' ? (viaSetup ? 'setup' : 'subscription') : 'api',
      lines,
      subscriptionId: idOfRequest('subscription', request.requestId),
      trialDays: await offeredTrialDays(sql, customer, sale.document),
      requestHash: hashOf(request),
      requestId: request.requestId,
      successUrl: request.successUrl ?? `${publicUrl}/checkout/subscribed`,
      cancelUrl: request.cancelUrl ?? `${publicUrl}/checkout/cancelled`,
      expiresAt: new Date(now.getTime() + lifetimeMs),
      createdAt: now,
    } as const;
    await insertCheckout(sql, row);
    return { ...row, status: 'open', providerSessionId: null, sessionUrl: null, claimedUntil: null };
  });
}

/** What a choice is at the provider, which may lack what the plan asks for beside it. Throws 409 `plan_not_in_sync` while the version is not there. */
export async function soldLines(
  sql: Sql,
  sale: {
    readonly plan: SubscriptionCheckout['plan'];
    readonly version: number;
    readonly document: VersionDocument;
  },
  choice: Choice,
  account: MerchantAccount,
): Promise<readonly SubscriptionLine[]> {
  const there = await planAtProvider(sql, sale.plan, account.id);
  const notThere = (why: string): AppError =>
    conflict('plan_not_in_sync', `The plan is not for sale on this account yet: ${why}`);
  if (there.version !== sale.version || !there.inSync) {
    throw notThere(there.reason ?? 'it is being published. Try again in a moment.');
  }
  const lines = linesOf(soldParts(carriedPlan(sale.document, account.provider).plan, choice), there.remoteIds);
  if ('missing' in lines) throw notThere(`its part ${lines.missing} is missing.`);
  return lines;
}

export const metadataOf = (checkout: SubscriptionCheckout): Readonly<Record<string, string>> => ({
  [metadataKeys.subscriptionCheckout]: checkout.id,
  [metadataKeys.subscription]: checkout.subscriptionId,
  [metadataKeys.customer]: checkout.customerId,
  [metadataKeys.agency]: checkout.agencyId,
  [metadataKeys.plan]: checkout.plan.planId,
  [metadataKeys.version]: String(checkout.planVersion),
});

/** Makes the session of a stored intent, or answers the one there is. */
async function continueSession(
  dependencies: BillingDependencies,
  checkout: SubscriptionCheckout,
): Promise<StartedSession> {
  if (checkout.sessionUrl !== null || checkout.status !== 'open') return startedOf(checkout);
  const { database, clock, providers, merchantAccounts } = dependencies;
  const account = await merchantAccounts.byId(checkout.merchantAccountId);
  if (account?.status !== 'active') {
    throw conflict('merchant_account_inactive', 'The account takes no subscriptions now: start again.');
  }
  if (checkout.mode === 'api') throw underWay();
  const provider = providers[account.provider];
  const session = await namingTheField(async () => createSession(dependencies, checkout, account, provider));
  if (!(await saveSession(database.pool, checkout, session, clock.now()))) {
    // A claim that was outlived: what was made must not be paid beside what took its place.
    await expireMade(dependencies, checkout, account, session);
    throw conflict('checkout_ended', 'Another request has taken the place of this one: start again.');
  }
  return { id: checkout.id, orderId: null, url: session.url, status: session.status };
}

async function expireMade(
  { providers, operations }: BillingDependencies,
  { id }: SubscriptionCheckout,
  account: MerchantAccount,
  session: HostedSession,
): Promise<void> {
  const page = providers[account.provider]?.checkout;
  const ref = accountRefOf(account);
  if (!page) return;
  await runOperation(operations, {
    id: `subscription_checkout_expire:${id}`,
    request: { sessionId: session.id },
    call: (idempotencyKey) => page.expireSession(ref, session.id, { idempotencyKey }),
    lookUp: () => page.retrieveSession(ref, session.id),
  });
}

async function createSession(
  dependencies: BillingDependencies,
  checkout: SubscriptionCheckout,
  account: MerchantAccount,
  provider: PaymentProvider | undefined,
): Promise<HostedSession> {
  const { database, operations } = dependencies;
  const { subscriptions, cards, checkout: page } = provider ?? {};
  if (!subscriptions || !page || (checkout.mode === 'setup' && !cards)) {
    throw new AppError(422, 'subscriptions_not_available', `This ${account.provider} account sells no subscriptions.`);
  }
  const { providerCustomerId, terms } = await termsOf(dependencies, checkout, account, page);
  const ref = accountRefOf(account);
  const common = {
    reference: checkout.id,
    metadata: metadataOf(checkout),
    providerCustomerId,
    successUrl: checkout.successUrl,
    cancelUrl: checkout.cancelUrl,
    expiresAt: checkout.expiresAt,
  };
  if (checkout.mode === 'setup' && cards) {
    const request = { ...common, currency: account.effectiveCurrency };
    return underClaim(dependencies, checkout, () =>
      runOperation(operations, {
        id: `subscription_checkout:${checkout.id}`,
        request,
        call: (idempotencyKey) => cards.createSetupSession(ref, request, { idempotencyKey }),
        lookUp: () => cards.findSetupSession(ref, providerCustomerId, checkout.id),
      }),
    );
  }
  const request = {
    ...common,
    subscriptionId: checkout.subscriptionId,
    lines: await linesOfCheckout(database.pool, checkout, terms.document, account),
    trialDays: checkout.trialDays,
    applicationFeePercent: terms.feePercent,
  };
  return underClaim(dependencies, checkout, () =>
    runOperation(operations, {
      id: `subscription_checkout:${checkout.id}`,
      request,
      call: (idempotencyKey) => subscriptions.createSession(ref, request, { idempotencyKey }),
      lookUp: () => subscriptions.findSession(ref, providerCustomerId, checkout.id),
    }),
  );
}

/** As it was for sale when it was asked for, or as it is now where nothing was kept of that. Throws as `soldLines`. */
export const linesOfCheckout = async (
  sql: Sql,
  checkout: SubscriptionCheckout,
  document: Parameters<typeof soldParts>[0],
  account: MerchantAccount,
): Promise<readonly SubscriptionLine[]> =>
  checkout.lines ?? soldLines(sql, { ...checkout, version: checkout.planVersion, document }, checkout, account);

/** What decides a subscription besides its lines. Throws 404 for a client that is gone. */
export async function termsOf(
  dependencies: BillingDependencies,
  checkout: SubscriptionCheckout,
  account: MerchantAccount,
  page: NonNullable<PaymentProvider['checkout']>,
) {
  const { database } = dependencies;
  const { agencyId, customerId } = checkout;
  const customer = await database.prisma.customer.findUnique({ where: { agencyId_id: { agencyId, id: customerId } } });
  if (!customer) throw notFound('customer');
  const sold = await dependencies.versionDocument(database.pool, checkout.plan, checkout.planVersion);
  const document = carriedPlan(sold, account.provider).plan;
  const providerCustomerId = await ensureProviderCustomer(dependencies, customer, account, page);
  return {
    providerCustomerId,
    terms: {
      document,
      feePercent: feePercentOf(document, agencyId, account),
    },
  };
}
