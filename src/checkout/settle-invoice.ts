import { Decimal } from 'decimal.js';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { idOfRequest } from '../ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { settleInvoice } from '../ledger/postings.ts';
import { effectiveRateOf, type MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { type Money, storedDecimals } from '../money/money.ts';
import { type LivePlan, shareTermsOf } from '../revenue/share.ts';
import { orderTermsOf } from './order-terms.ts';
import { claimPayments } from './settle-payments.sql.ts';
import { isShared, sharePostingsOf } from './share-postings.ts';

/** A provider's invoice that was paid, in the account's charge currency. */
export interface PaidInvoice {
  readonly agencyId: string;
  readonly customerId: string;
  /** Ours; the order of its payment is named after it. */
  readonly invoiceId: string;
  readonly providerInvoiceId: string;
  readonly account: MerchantAccount;
  readonly plan: LivePlan | null;
  readonly paid: Money;
  /** What the client's credit at the provider bore of it. */
  readonly credit: Money;
  readonly subscriptionNet: Money;
  readonly overageNet: Money;
  readonly tax: Money;
  /** The first is the payment that is followed; none where credit bore it all. */
  readonly paymentIds: readonly string[];
  /** What the provider took of the payment for the platform. */
  readonly applicationFee: Money;
  readonly paidAt: Date;
  readonly source: string;
}

export type SettleInvoice = (sql: Sql, invoice: PaidInvoice) => Promise<void>;

export const invoiceReference = (provider: string, providerAccountId: string, providerInvoiceId: string): string =>
  `${provider}:${providerAccountId}:${providerInvoiceId}:paid`;

/**
 * Posts a paid invoice, once: its revenue, and the platform's part as the provider took it or as the books owe it. Its payment becomes an
 * order that credits no balance, so that it is followed, shown and given back like any other. The caller enqueues `followJob`, last.
 */
export function createSettleInvoice({
  ledger,
  clock,
}: {
  readonly ledger: Ledger;
  readonly clock: Clock;
}): SettleInvoice {
  return async (sql, invoice) => {
    const { agencyId, customerId, account, plan, paid, credit, subscriptionNet, overageNet, tax, source } = invoice;
    // A trial's first invoice asks for nothing.
    if (paid.isZero && credit.isZero) return;
    const posting = settleInvoice({
      agencyId,
      customerId,
      planId: plan?.planId ?? null,
      merchantAccountId: account.id,
      reference: invoiceReference(account.provider, account.providerAccountId, invoice.providerInvoiceId),
      source,
      paid,
      providerCredit: credit,
      subscriptionNet,
      overageNet,
      tax,
    });
    const [paymentId] = invoice.paymentIds;
    if (!paid.isPositive || paymentId === undefined) {
      await ledger.post(sql, [posting]);
      return;
    }
    const shares = await orderOf(sql, clock, invoice, paymentId);
    await ledger.post(sql, [posting, ...shares]);
  };
}

/** Stores the order and binds the payment to it. Answers the postings of its shares. */
async function orderOf(sql: Sql, clock: Clock, invoice: PaidInvoice, paymentId: string) {
  const { agencyId, customerId, account, plan, paid, credit, overageNet, tax, applicationFee, paidAt, source } =
    invoice;
  const now = clock.now();
  const id = idOfRequest('order', invoice.invoiceId);
  const currency = paid.currency.code;
  const computed = orderTermsOf(plan, agencyId, account, paid);
  // On its own account the agency's books follow the fee that was taken; on the platform's, what the terms owe.
  const isTaken = applicationFee.isPositive;
  const platformShare = isTaken ? applicationFee : account.platform ? computed.platformShare : paid.minus(paid);
  const agencyPercent =
    computed.agencyPercent ?? (isTaken && plan ? (shareTermsOf(plan.document)?.agencyPercent ?? '0') : null);
  // Credit bore its share of each part, and the payment the rest.
  const partOf = ({ amount }: Money): string =>
    credit.isPositive
      ? amount
          .times(paid.amount)
          .div(paid.plus(credit).amount)
          .toDecimalPlaces(storedDecimals, Decimal.ROUND_DOWN)
          .toFixed()
      : amount.toFixed();
  const terms = {
    plan_id: plan?.planId ?? null,
    agency_percent: agencyPercent,
    platform_share: platformShare.amount.toFixed(),
    application_fee: isTaken ? platformShare.amount.toFixed() : '0',
  };
  await sql.query(
    `INSERT INTO orders (agency_id, id, customer_id, merchant_account_id, kind, status, credited, charge_currency, charged, exact, rate, tax, overage,
                         plan_id, plan_version, agency_percent, platform_share, application_fee, provider_payment_id, session_id,
                         success_url, cancel_url, expires_at, paid_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, 'invoice', 'paid', 0, $5, $6, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '', '', $17, $17, $17, $18)
     ON CONFLICT (agency_id, id) DO NOTHING`,
    [
      ...[agencyId, id, customerId, account.id, currency, paid.amount.toFixed()],
      ...[
        effectiveRateOf(account).value.toFixed(),
        partOf(tax),
        partOf(overageNet),
        terms.plan_id,
        plan?.version ?? null,
        terms.agency_percent,
      ],
      ...[terms.platform_share, terms.application_fee, paymentId, idOfRequest('checkoutSession', invoice.invoiceId)],
      ...[paidAt, now],
    ],
  );
  await sql.query(claimPayments, [[account.provider], [account.providerAccountId], [paymentId], [agencyId], [id], now]);
  const order = {
    agency_id: agencyId,
    customer_id: customerId,
    merchant_account_id: account.id,
    account_agency_id: account.agencyId,
    ...terms,
    charge_currency: currency,
    charged: paid.amount.toFixed(),
  };
  if (!isShared(order)) return [];
  const { provider, providerAccountId } = account;
  return sharePostingsOf(sql, [{ order, provider, providerAccountId, paymentId, source }]);
}
