import type Stripe from 'stripe';
import type { DisputesPort, ProviderDispute } from '../refund-ports.ts';
import { fromMinorUnits, requireKnownCurrency } from './amounts.ts';
import { movedOf, toMovement } from './movements.ts';
import { on, pageSize, type StripeCalls } from './stripe-calls.ts';

/** An appeal is another round of the same dispute; what it moves shows as movements (docs.stripe.com/api/disputes/object, `status`). */
const statuses: Readonly<Record<string, ProviderDispute['status']>> = {
  warning_needs_response: 'needs_response',
  warning_under_review: 'under_review',
  warning_closed: 'closed',
  needs_response: 'needs_response',
  under_review: 'under_review',
  appeal_needs_response: 'needs_response',
  appeal_under_review: 'under_review',
  won: 'won',
  lost: 'lost',
  prevented: 'prevented',
};

const paymentIdOf = ({ payment_intent: intent }: Stripe.Dispute): string | null =>
  typeof intent === 'string' ? intent : (intent?.id ?? null);

/** Throws `ProviderError` for one in a currency that this service has never heard of. */
function toDispute(dispute: Stripe.Dispute): ProviderDispute {
  requireKnownCurrency(dispute);
  const amount = fromMinorUnits(dispute.amount, dispute.currency);
  const dueBy = dispute.evidence_details.due_by;
  return {
    id: dispute.id,
    paymentId: paymentIdOf(dispute),
    status: statuses[dispute.status] ?? 'other',
    isInquiry: dispute.status.startsWith('warning_'),
    isAppealed: dispute.status.startsWith('appeal_'),
    amount,
    reason: dispute.reason,
    answerDueAt: dueBy === null ? null : new Date(dueBy * 1000),
    createdAt: new Date(dispute.created * 1000),
    movements: dispute.balance_transactions.map((transaction) => toMovement(transaction, movedOf(transaction, amount))),
  };
}

export const createDisputes = (stripe: Stripe, calls: StripeCalls): DisputesPort => ({
  async retrieve(account, disputeId) {
    return toDispute(await calls.read('dispute', () => stripe.disputes.retrieve(disputeId, {}, on(account))));
  },

  async listOfPayment(account, paymentId) {
    const disputes = await calls.list(() =>
      stripe.disputes.list({ payment_intent: paymentId, limit: pageSize }, on(account)),
    );
    return disputes.map(toDispute).reverse();
  },
});
