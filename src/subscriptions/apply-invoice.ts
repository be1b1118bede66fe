import type { SettleInvoice } from '../checkout/settle-invoice.ts';
import type { Sql } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { metadataKeys } from '../providers/metadata.ts';
import type { ProviderInvoice } from '../providers/subscription-ports.ts';
import { planOfChange } from './change.store.ts';
import type { SubscriptionCheckout } from './checkout.store.ts';
import type { BillingDependencies } from './dependencies.ts';
import { lockProviderInvoice, recordFailedCollection, saveProviderInvoice } from './invoice.store.ts';
import { partsOf } from './invoice-parts.ts';
import { overagePricesAmong } from './plan-in-account.ts';
import type { Subscription } from './subscription.ts';
import type { InvoiceReading } from './subscription-event.ts';

interface Dependencies extends Pick<BillingDependencies, 'notify' | 'onRenewalDeclined' | 'versionDocument'> {
  readonly settleInvoice: SettleInvoice;
}

interface Paying {
  readonly account: MerchantAccount;
  /** How the subscription began. */
  readonly checkout: SubscriptionCheckout;
  readonly source: string;
  /** The card that it is charged to; null where that is not known. */
  readonly cardId: string | null;
}

/** Stores an invoice as it was read, tells of a try to collect it that failed, and posts it once it is paid. */
export async function applyInvoice(
  dependencies: Dependencies,
  sql: Sql,
  subscription: Subscription,
  { account, checkout, source, cardId }: Paying,
  { invoice, applicationFee, failure }: InvoiceReading,
  readAt: Date,
): Promise<void> {
  const known = await lockProviderInvoice(sql, subscription, invoice.id);
  const invoiced = await asInvoiced(dependencies, sql, subscription, checkout, invoice);
  const invoiceId = await saveProviderInvoice(sql, invoiced, invoice, readAt);
  if (failure && (await recordFailedCollection(sql, subscription, invoiceId, failure))) {
    await tellFailed(dependencies, sql, subscription, invoice, failure);
    if (cardId !== null) {
      const { agencyId, customerId } = subscription;
      const { fact, code, declineCode, adviceCode } = failure;
      const decline = { fact, amount: invoice.amountDue, code, declineCode, adviceCode };
      const card = { merchantAccountId: account.id, providerCardId: cardId };
      await dependencies.onRenewalDeclined(sql, { agencyId, customerId, ...card, ...decline });
    }
  }
  if (invoice.status !== 'paid' || known?.status === 'paid') return;
  const { plan, planVersion, document } = invoiced;
  const priceIds = invoice.lines.flatMap(({ priceId }) => priceId ?? []);
  await dependencies.settleInvoice(sql, {
    agencyId: subscription.agencyId,
    customerId: subscription.customerId,
    invoiceId,
    providerInvoiceId: invoice.id,
    account,
    plan: { agencyId: plan.agencyId, planId: plan.planId, version: planVersion, document },
    paid: invoice.amountPaid,
    credit: invoice.credit,
    ...partsOf(invoice, await overagePricesAmong(sql, account.id, priceIds)),
    paymentIds: invoice.paymentIds,
    applicationFee,
    paidAt: invoice.paidAt ?? readAt,
    source,
  });
}

/**
 * The subscription on the plan that it had when the invoice was made: an invoice may be paid, or heard of, once the client is on another.
 * The provider keeps the subscription's metadata with each invoice, and that names the change that made it what it was.
 */
async function asInvoiced(
  { versionDocument }: Dependencies,
  sql: Sql,
  subscription: Subscription,
  checkout: SubscriptionCheckout,
  { metadata }: ProviderInvoice,
): Promise<Subscription> {
  if (metadata[metadataKeys.subscription] !== subscription.id) return subscription;
  const changeId = metadata[metadataKeys.subscriptionChange];
  const sold = changeId === undefined ? checkout : await planOfChange(sql, subscription, changeId);
  if (!sold) return subscription;
  const { plan, planVersion } = sold;
  return { ...subscription, plan, planVersion, document: await versionDocument(sql, plan, planVersion) };
}

const tellFailed = (
  { notify }: Dependencies,
  sql: Sql,
  { agencyId, customerId }: Subscription,
  invoice: InvoiceReading['invoice'],
  { fact, code, declineCode }: NonNullable<InvoiceReading['failure']>,
): Promise<void> =>
  notify(sql, [
    {
      kind: 'payment_failed',
      agencyId,
      customerId,
      fact,
      facts: { charged: invoice.amountDue.toString(), reason: declineCode ?? code ?? 'declined' },
    },
  ]);
