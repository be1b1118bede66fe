import type Whop from '@whop/sdk';
import { Decimal } from 'decimal.js';
import type { WhopCall } from './call.ts';
import { badRequest, notFound } from './failure.ts';
import { newWhopId } from './ids.ts';

export const refundOutcomes = ['succeeded', 'failed', 'canceled'] as const;
export type RefundOutcome = (typeof refundOutcomes)[number];

export const disputeMoves = ['escalate', 'review', 'win', 'lose', 'close'] as const;
export type DisputeMove = (typeof disputeMoves)[number];

const gone: ReadonlySet<Whop.RefundStatus> = new Set(['failed', 'canceled']);

const givenBack = ({ refunds }: Pick<Whop.Payment, 'refunds'>): Decimal =>
  refunds.reduce((sum, { amount, status }) => (gone.has(status) ? sum : sum.plus(amount)), new Decimal(0));

/** Whose money it is: null where the payment's company is not told. */
const companyOf = ({ id, company }: Whop.Payment): string => {
  if (company) return company.id;
  throw badRequest(`${id} is of no company`);
};

async function paymentOf(call: WhopCall, id: string): Promise<Whop.Payment> {
  const payment = await call.find('payment', id);
  if (payment) return payment;
  throw notFound('payment', id);
}

/** Gives a payment back, or a part of it in what the client paid. Throws 400 for one that cannot be. */
export async function refundPayment(
  call: WhopCall,
  id: string,
  partial: number | undefined,
  status: Whop.RefundStatus = 'succeeded',
): Promise<Whop.Payment> {
  const payment = await paymentOf(call, id);
  const left = new Decimal(payment.total ?? 0).minus(givenBack(payment));
  const amount = partial === undefined ? left : new Decimal(partial);
  if (payment.status !== 'paid' || !left.isPositive() || left.isZero())
    throw badRequest('This payment is not refundable.');
  if (!amount.isPositive() || amount.isZero()) throw badRequest('partial_amount: more than nothing');
  if (amount.gt(left)) throw badRequest('partial_amount: more than is left of the payment');
  const refund: Whop.RefundRetrieveResponse = {
    id: newWhopId('rfnd'),
    amount: amount.toNumber(),
    created_at: call.isoNow,
    currency: payment.currency,
    payment: { ...payment },
    provider: 'stripe',
    provider_created_at: call.isoNow,
    reference_status: null,
    reference_type: null,
    reference_value: null,
    status,
  };
  await call.save('refund', companyOf(payment), refund);
  const changed = await keepRefunds(call, payment, [refund, ...payment.refunds]);
  await call.emit('refund.created', companyOf(payment), refund);
  return changed;
}

async function keepRefunds(
  call: WhopCall,
  payment: Whop.Payment,
  refunds: readonly Whop.Payment['refunds'][number][],
): Promise<Whop.Payment> {
  const told = refunds.map(({ id, amount, created_at, currency, status }) => ({
    ...{ id, amount, created_at, currency, status },
  }));
  const refunded = givenBack({ refunds: told });
  const changed: Whop.Payment = {
    ...payment,
    refunds: told,
    refunded_amount: refunded.toNumber(),
    refunded_at: refunded.isZero() ? null : call.isoNow,
    refundable: refunded.lt(payment.total ?? 0),
    substatus: refunded.isZero() ? 'succeeded' : refunded.lt(payment.total ?? 0) ? 'partially_refunded' : 'refunded',
    updated_at: call.isoNow,
  };
  await call.save('payment', companyOf(payment), changed);
  return changed;
}

/** A refund that was waiting goes on, and one that had succeeded can fail. */
export async function moveRefund(
  call: WhopCall,
  id: string,
  status: RefundOutcome,
): Promise<Whop.RefundRetrieveResponse> {
  const refund = await call.find('refund', id);
  if (!refund?.payment) throw notFound('refund', id);
  const payment = await paymentOf(call, refund.payment.id);
  const changed = { ...refund, status };
  await call.save('refund', companyOf(payment), changed);
  await keepRefunds(
    call,
    payment,
    payment.refunds.map((each) => (each.id === id ? changed : each)),
  );
  await call.emit('refund.updated', companyOf(payment), changed);
  return changed;
}

/** The client's bank asks, or takes what is not refunded. */
export async function disputePayment(
  call: WhopCall,
  id: string,
  kind: 'inquiry' | 'chargeback',
  amount: number | undefined,
): Promise<Whop.Dispute> {
  const payment = await paymentOf(call, id);
  if (payment.status !== 'paid') throw badRequest('Only what was paid is disputed.');
  const left = new Decimal(payment.total ?? 0).minus(givenBack(payment)).toNumber();
  const nothing = {
    ...{ access_activity_log: null, billing_address: null, cancellation_policy_attachment: null },
    ...{ cancellation_policy_disclosure: null, customer_communication_attachment: null, customer_email_address: null },
    ...{ customer_name: null, notes: null, product: null, product_description: null, refund_policy_attachment: null },
    ...{ refund_policy_disclosure: null, refund_refusal_explanation: null, service_date: null },
    ...{ uncategorized_attachment: null },
  };
  const dispute: Whop.Dispute = {
    ...nothing,
    id: newWhopId('dspt'),
    amount: amount ?? left,
    company: { id: companyOf(payment), title: companyOf(payment) },
    created_at: call.isoNow,
    currency: payment.currency,
    editable: true,
    needs_response_by: new Date(call.now.getTime() + 7 * 86_400_000).toISOString(),
    payment: { ...payment },
    plan: payment.plan && { id: payment.plan.id },
    reason: 'fraudulent',
    status: kind === 'inquiry' ? 'warning_needs_response' : 'needs_response',
    visa_rdr: false,
  };
  await keepDispute(call, payment, dispute);
  await call.emit('dispute.created', companyOf(payment), dispute);
  return dispute;
}

async function keepDispute(call: WhopCall, payment: Whop.Payment, dispute: Whop.Dispute): Promise<void> {
  const { id, amount, currency, editable, needs_response_by, notes, reason, status } = dispute;
  const told = { id, amount, currency, editable, needs_response_by, notes, reason, status };
  const others = (payment.disputes ?? []).filter((each) => each.id !== id);
  await call.save('dispute', companyOf(payment), dispute);
  const substatus = substatuses[status];
  const changed = { ...payment, disputes: [...others, told], substatus, updated_at: call.isoNow };
  await call.save('payment', companyOf(payment), changed);
}

const substatuses = {
  warning_needs_response: 'dispute_warning_needs_response',
  warning_under_review: 'dispute_warning_under_review',
  warning_closed: 'dispute_warning_closed',
  needs_response: 'dispute_needs_response',
  under_review: 'dispute_under_review',
  won: 'dispute_won',
  lost: 'dispute_lost',
  closed: 'dispute_closed',
  other: 'open_dispute',
} as const satisfies Record<Whop.DisputeStatuses, Whop.FriendlyReceiptStatus>;

const isInquiry = (status: Whop.DisputeStatuses): boolean => status.startsWith('warning_');

const moved = {
  escalate: 'needs_response',
  review: 'under_review',
  win: 'won',
  lose: 'lost',
  close: 'warning_closed',
} as const satisfies Record<DisputeMove, Whop.DisputeStatuses>;

/** A dispute goes on. An inquiry becomes a chargeback, is looked at or closed; the rest is of chargebacks. */
export async function moveDispute(call: WhopCall, id: string, move: DisputeMove): Promise<Whop.Dispute> {
  const dispute = await call.find('dispute', id);
  if (!dispute?.payment) throw notFound('dispute', id);
  const asks = isInquiry(dispute.status);
  if (asks ? move === 'win' || move === 'lose' : move === 'escalate' || move === 'close') {
    throw badRequest(`${move}: not from ${dispute.status}`);
  }
  const status = asks && move === 'review' ? 'warning_under_review' : moved[move];
  const changed: Whop.Dispute = { ...dispute, status, needs_response_by: null };
  const payment = await paymentOf(call, dispute.payment.id);
  await keepDispute(call, payment, changed);
  await call.emit('dispute.updated', companyOf(payment), changed);
  return changed;
}
