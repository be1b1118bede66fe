import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { Money } from '../money/money.ts';
import { escapeHtml, page } from './pay-page.ts';

const paymentsShown = 50;

interface PaymentLine {
  readonly account: string;
  readonly charge: Stripe.Charge;
}

/** The newest charges of every account that took money. */
export async function latestPayments(pool: Pool): Promise<readonly PaymentLine[]> {
  const { rows } = await pool.query<PaymentLine>(
    `SELECT account, body AS charge FROM documents
     WHERE type = 'charge' AND body ->> 'captured' = 'true' AND body ->> 'payment_intent' IS NOT NULL
     ORDER BY seq DESC LIMIT $1`,
    [paymentsShown],
  );
  return rows;
}

const shown = (minorUnits: number, currency: string): string =>
  Money.ofMinorUnits(minorUnits, currency.toUpperCase()).toString();

function factsOf(charge: Stripe.Charge): string {
  const { amount_refunded: refunded, currency } = charge;
  return [
    charge.status,
    ...(refunded > 0 ? [`${shown(refunded, currency)} refunded`] : []),
    ...(charge.disputed ? ['disputed'] : []),
  ].join(', ');
}

const buttons = {
  refund: 'Refund',
  chargeback: 'Charge back',
  inquiry: 'Inquire',
  fail: 'Fail a bank debit after all',
} as const;

function lineOf({ account, charge }: PaymentLine): string {
  const payment = String(charge.payment_intent);
  return `<h2>${escapeHtml(shown(charge.amount_captured, charge.currency))}</h2>
<p>${escapeHtml(payment)} of ${escapeHtml(account)}: ${escapeHtml(factsOf(charge))}</p>
<form method="post" action="/sandbox/payments/${encodeURIComponent(payment)}">
<label>Amount in minor units, empty for all<input name="amount" inputmode="numeric" autocomplete="off"></label>
${Object.entries(buttons)
  .map(([action, label]) => `<button name="action" value="${action}">${label}</button>`)
  .join('')}</form>`;
}

/** What a merchant does in the provider's dashboard, and a client's bank on its own. */
export const paymentsPage = (payments: readonly PaymentLine[]): string =>
  page(
    'Payments - sandbox',
    `<h1>Payments</h1>${payments.length === 0 ? '<p>None yet.</p>' : payments.map(lineOf).join('')}`,
  );
