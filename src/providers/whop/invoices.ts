import type Whop from '@whop/sdk';
import { Money } from '../../money/money.ts';
import type { AccountRef } from '../port.ts';
import type { InvoicesPort, ProviderInvoice } from '../subscription-ports.ts';
import { ownMetadata } from './metadata.ts';
import { toPayment } from './payments.ts';
import { toDate } from './times.ts';
import { pageSize, refused, type WhopCalls } from './whop-calls.ts';

const statuses = {
  draft: 'draft',
  open: 'open',
  pending: 'open',
  unresolved: 'open',
  paid: 'paid',
  uncollectible: 'uncollectible',
  void: 'void',
} as const satisfies Record<Whop.ReceiptStatus, ProviderInvoice['status']>;

const dayMs = 86_400_000;

type Renewal = Pick<
  Whop.Payment,
  | 'id'
  | 'status'
  | 'currency'
  | 'subtotal'
  | 'total'
  | 'tax_amount'
  | 'tax_behavior'
  | 'metadata'
  | 'failure_message'
  | 'membership'
  | 'refunded_amount'
  | 'substatus'
  | 'plan'
  | 'billing_reason'
  | 'payments_failed'
  | 'next_payment_attempt'
  | 'created_at'
  | 'paid_at'
>;

/** What an invoice needs of the membership that it is of. */
type Billed = Pick<Whop.Membership, 'id' | 'metadata' | 'plan'>;

/**
 * Whop invoices no subscription: each payment of a membership is what an invoice is elsewhere, of the period that begins with it. Tax
 * that Whop adds is its own and is no part of it.
 */
function toInvoice(payment: Renewal, membership: Billed, billingDays: number): ProviderInvoice {
  const { amount, amountReceived, status } = toPayment(payment);
  const zero = Money.zero(amount.currency.code);
  const periodStart = toDate(payment.created_at);
  const periodEnd = new Date(periodStart.getTime() + billingDays * dayMs);
  const priceId = payment.plan?.id ?? membership.plan.id;
  return {
    id: payment.id,
    number: null,
    status: payment.status === null ? 'open' : statuses[payment.status],
    subscriptionId: membership.id,
    metadata: ownMetadata(membership.metadata),
    billingReason: payment.billing_reason,
    total: amount,
    tax: zero,
    amountDue: amount,
    amountPaid: amountReceived,
    credit: zero,
    lines: [{ priceId, description: 'Membership', quantity: 1, net: amount, tax: zero, periodStart, periodEnd }],
    paymentIds: [payment.id],
    hostedUrl: null,
    attemptCount: (payment.payments_failed ?? 0) + (status === 'succeeded' ? 1 : 0),
    nextAttemptAt: payment.next_payment_attempt === null ? null : toDate(payment.next_payment_attempt),
    periodStart,
    periodEnd,
    createdAt: periodStart,
    paidAt: payment.paid_at === null ? null : toDate(payment.paid_at),
  };
}

export function createInvoices(calls: WhopCalls): InvoicesPort {
  const membershipOf = (account: AccountRef, id: string): Promise<Whop.Membership> =>
    calls.read(account, (whop) => whop.memberships.retrieve(id));

  const billingDaysOf = async (account: AccountRef, planId: string): Promise<number> =>
    (await calls.read(account, (whop) => whop.plans.retrieve(planId))).billing_period ?? 0;

  const find = async (account: AccountRef, paymentId: string): Promise<ProviderInvoice | null> => {
    const payment = await calls.read(account, (whop) => whop.payments.retrieve(paymentId));
    if (payment.membership === null) return null;
    const membership = await membershipOf(account, payment.membership.id);
    return toInvoice(payment, membership, await billingDaysOf(account, payment.plan?.id ?? membership.plan.id));
  };

  return {
    findByPayment: find,

    async retrieve(account, id) {
      const invoice = await find(account, id);
      if (invoice) return invoice;
      throw refused('no_invoice', `${id} is a payment of no membership`);
    },

    async listOfSubscription(account, subscriptionId) {
      const membership = await membershipOf(account, subscriptionId);
      const days = await billingDaysOf(account, membership.plan.id);
      const query = { company_id: account.id, plan_ids: [membership.plan.id], first: pageSize };
      const payments = await calls.list(account, (whop) => whop.payments.list(query));
      return payments
        .filter((payment) => payment.membership?.id === subscriptionId)
        .map((payment) => toInvoice(payment, membership, days))
        .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
    },
  };
}
