import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { drawFee } from '../ledger/postings.ts';
import { balanceCurrency } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import { agencySettings } from '../tenancy/agency.ts';
import { type Invoice, insertOfflineInvoice } from './offline-invoice.store.ts';
import { type InvoiceCurrency, periodPrice } from './offline-price.ts';
import type { Subscription } from './subscription.ts';

export interface InvoiceDependencies {
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'post'>;
}

/** A subscription without a card, in a period of its cycle. */
export interface InPeriod extends Subscription {
  readonly cycle: NonNullable<Subscription['cycle']>;
  readonly merchantAccountId: string;
  readonly periodStart: Date;
  readonly periodEnd: Date;
}

const settingRows = z.array(z.object({ settings: agencySettings }));

async function isDrawn(sql: Sql, agencyId: string): Promise<boolean> {
  const { rows } = await sql.query('SELECT settings FROM agencies WHERE id = $1', [agencyId]);
  return settingRows.parse(rows)[0]?.settings.offlineCollection === 'balance';
}

/** A balance is in USD: there the version's own rate counts, which no later rate changes. */
function currencyOf({ document: { currency, frozen } }: Subscription, drawn: boolean): InvoiceCurrency {
  if (!drawn || currency === balanceCurrency) return { code: currency, rate: '1' };
  if (!frozen) throw new Error('a version that is sold has no rate');
  return { code: balanceCurrency, rate: frozen.usdRate };
}

/**
 * The invoice of a subscription's period, once: it is drawn from the balance in this transaction, which may take it below zero,
 * or left open for whoever is paid outside, as the agency has it. A period that has its invoice gets no other.
 */
export async function issueInvoice(
  { clock, ledger }: InvoiceDependencies,
  sql: Sql,
  subscription: InPeriod,
  billingReason: 'subscription_create' | 'subscription_cycle',
): Promise<void> {
  const { agencyId, customerId, merchantAccountId, plan, planVersion } = subscription;
  const drawn = await isDrawn(sql, agencyId);
  const { gross, net, tax, lines } = periodPrice(subscription.document, subscription, currencyOf(subscription, drawn));
  const now = clock.now();
  const paid = drawn || gross.isZero;
  const invoice: Invoice = {
    id: newId('invoice'),
    ...{ agencyId, customerId, subscriptionId: subscription.id, merchantAccountId },
    kind: 'offline',
    number: null,
    status: paid ? 'paid' : 'open',
    billingReason,
    ...{ total: gross, tax, amountDue: gross, lines },
    amountPaid: paid ? gross : Money.zero(gross.currency.code),
    ...{ planId: plan.planId, planVersion, hostedUrl: null },
    ...{ periodStart: subscription.periodStart, periodEnd: subscription.periodEnd },
    externalReference: null,
    paidAt: paid ? now : null,
    createdAt: now,
  };
  if (!(await insertOfflineInvoice(sql, invoice)) || !drawn || gross.isZero) return;
  const reference = `invoice:${invoice.id}:drawn`;
  const fact = {
    agencyId,
    customerId,
    planId: plan.planId,
    merchantAccountId,
    reference,
    source: `schedule:${billingReason}`,
  };
  await ledger.post(sql, [drawFee({ ...fact, net, tax })]);
}
