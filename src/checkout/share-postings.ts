import type { Sql } from '../database/database.ts';
import type { Posting } from '../ledger/posting.ts';
import { oweShareToAgency, type PlatformBooks, takeShare } from '../ledger/postings.ts';
import { Money } from '../money/money.ts';
import { platformBooksAt } from '../revenue/platform-books.ts';
import { shareReference } from './order.ts';

/** What of an order decides who gets what of its payment. Amounts are decimals in the charge currency. */
export interface SharedOrder {
  readonly agency_id: string;
  readonly customer_id: string;
  readonly merchant_account_id: string;
  /** Whose account it was paid on. */
  readonly account_agency_id: string;
  readonly plan_id: string | null;
  readonly agency_percent: string | null;
  readonly platform_share: string;
  readonly application_fee: string;
  readonly charge_currency: string;
  readonly charged: string;
}

/** A payment of an order, as its account's provider names it. */
export interface SharedPayment {
  readonly order: SharedOrder;
  readonly provider: string;
  readonly providerAccountId: string;
  readonly paymentId: string;
  readonly source: string;
}

/**
 * Sold on the platform's account for another agency: the money is the platform's to receive, and what is not its part is owed to the
 * agency. All of it, where nothing is shared.
 */
export const isOwedToAgency = (order: SharedOrder): boolean => order.account_agency_id !== order.agency_id;

/** Whether the payment concerns two books. */
export const isShared = (order: SharedOrder): boolean =>
  isOwedToAgency(order) || (order.agency_percent !== null && applicationFeeOf(order).isPositive);

export const applicationFeeOf = (order: SharedOrder): Money => Money.of(order.application_fee, order.charge_currency);

/** Who gets what of payments that concern two books, two postings each: one in the agency's books, one in the platform's. */
export async function sharePostingsOf(sql: Sql, payments: readonly SharedPayment[]): Promise<readonly Posting[]> {
  const booksAt = new Map<string, PlatformBooks>();
  for (const { order, provider } of payments) {
    if (!isOwedToAgency(order) && !booksAt.has(provider)) booksAt.set(provider, await platformBooksAt(sql, provider));
  }
  return payments.flatMap(({ order, provider, providerAccountId, paymentId, source }): readonly Posting[] => {
    const share = {
      agencyId: order.agency_id,
      customerId: order.customer_id,
      planId: order.plan_id,
      merchantAccountId: order.merchant_account_id,
      reference: shareReference(provider, providerAccountId, paymentId),
      source,
      platformPart: Money.of(order.platform_share, order.charge_currency),
    };
    if (isOwedToAgency(order)) {
      const platform = { agencyId: order.account_agency_id, merchantAccountId: order.merchant_account_id };
      return oweShareToAgency({ ...share, platform, charged: Money.of(order.charged, order.charge_currency) });
    }
    const platform = booksAt.get(provider);
    if (!platform) throw new Error(`the platform's books at ${provider} were not read`);
    return takeShare({ ...share, platform });
  });
}
