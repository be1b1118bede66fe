import type Stripe from 'stripe';
import { inAdvance, inArrears, licensed, nextPeriod } from './billed-items.ts';
import type { Call } from './call.ts';
import { idOf } from './document-links.ts';
import { invalidRequest } from './failure.ts';
import type { Billed } from './invoice-lines.ts';
import { buildInvoice } from './invoices.ts';
import { isMetered } from './subscription-items.ts';

const billing: ReadonlySet<string> = new Set(['active', 'trialing', 'past_due', 'unpaid']);

/**
 * The next renewal as it stands now: what has been used so far, and the next period of the items whose period ends first. It is
 * not kept. A schedule's coming phase is not in it. Throws 404 `invoice_upcoming_none` where nothing comes.
 */
export async function previewInvoice(call: Call, subscriptionId: string): Promise<Stripe.Invoice> {
  const subscription = await call.store.get('subscription', subscriptionId, 'subscription');
  const { data: items } = subscription.items;
  const end = Math.min(...items.map((item) => item.current_period_end));
  if (!billing.has(subscription.status) || (subscription.cancel_at !== null && subscription.cancel_at <= end)) {
    throw invalidRequest(`No upcoming invoices for subscription: ${subscriptionId}`, { code: 'invoice_upcoming_none' });
  }
  const due = items.filter((item) => item.current_period_end === end);
  const lines: Billed[] = [];
  for (const item of due) if (isMetered(item.price)) lines.push(await inArrears(call, item, subscription));
  for (const item of licensed(due)) {
    lines.push(inAdvance(item, subscription, nextPeriod(item, subscription.billing_cycle_anchor)));
  }
  const invoice = buildInvoice(call, {
    subscription,
    customer: await call.store.get('customer', idOf(subscription.customer) ?? '', 'customer'),
    reason: 'upcoming',
    lines,
    period: { start: Math.min(...due.map((item) => item.current_period_start)), end },
    autoAdvance: true,
  });
  return { ...invoice, created: end, id: invoice.id.replace(/^in_/, 'upcoming_in_') };
}
