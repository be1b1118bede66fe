import type Stripe from 'stripe';
import { enter, enterReversal } from './balance-entries.ts';
import type { Call } from './call.ts';
import { requireChargeableStep } from './countries.ts';
import { refundableAmid } from './disputes.ts';
import { invalidRequest } from './failure.ts';
import { returnFee } from './fee-refunds.ts';
import { newStripeId } from './identifiers.ts';
import { mergeMetadata } from './parameters.ts';
import { courseOf } from './refund-outcomes.ts';
import { refundedMinorOf } from './refunded-amounts.ts';

export interface RefundRequest {
  /** Minor units; all that is left unless given. */
  readonly amountMinor: number | null;
  readonly reason: Stripe.Refund.Reason | null;
  readonly metadata: Stripe.Metadata;
  readonly returnsApplicationFee: boolean;
}

/** How long the sandbox's banks take, by the clock. */
const settlementDelayMs = 86_400_000;

const laneOf = ({ id, payment_intent: intent }: { id: string; payment_intent: Stripe.Charge['payment_intent'] }) =>
  intent === null ? id : String(intent);

/** The charge that a payment's money came with. Throws 400 for a payment that brought none. */
export async function chargeOfPayment(call: Call, paymentId: string): Promise<string> {
  const intent = await call.store.get('payment_intent', paymentId, 'payment_intent');
  if (intent.status === 'succeeded' && intent.latest_charge !== null) return String(intent.latest_charge);
  throw invalidRequest(`This PaymentIntent (${paymentId}) does not have a successful charge to refund.`, {
    param: 'payment_intent',
  });
}

function requireAmount(charge: Stripe.Charge, refundedMinor: number, asked: number | null): number {
  const left = charge.amount_captured - refundedMinor;
  if (left === 0) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  const amount = asked ?? left;
  const param = 'amount';
  if (amount <= 0) throw invalidRequest('Invalid positive integer', { code: 'parameter_invalid_integer', param });
  if (amount > left) {
    throw invalidRequest(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left}).`, { param });
  }
  requireChargeableStep(amount, charge.currency, param);
  return amount;
}

async function requireRefundable(call: Call, chargeId: string): Promise<Stripe.Charge> {
  const charge = await call.store.lock('charge', chargeId, 'charge');
  if (charge.status !== 'succeeded' || !charge.captured) {
    throw invalidRequest(`Charge ${chargeId} took nothing that could be refunded.`, { param: 'charge' });
  }
  if (!(await refundableAmid(call, charge))) {
    throw invalidRequest(`Charge ${chargeId} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
  return charge;
}

/** Saves the charge with so much more refunded (less, for a refund that came to nothing), and answers what it had before. */
function countRefunded(
  call: Call,
  charge: Stripe.Charge,
  { amountMinor, isAll }: { amountMinor: number; isAll: boolean },
) {
  const { amount_refunded, refunded } = charge;
  const counted: Stripe.Charge = { ...charge, amount_refunded: amount_refunded + amountMinor, refunded: isAll };
  call.store.save('charge', counted);
  return { counted, previous: { amount_refunded, refunded } };
}

/** Gives money of a charge back. Throws 400 for what cannot be refunded: more than is left, or while it is charged back. */
export async function makeRefund(call: Call, chargeId: string, request: RefundRequest): Promise<Stripe.Refund> {
  const charge = await requireRefundable(call, chargeId);
  const before = await refundedMinorOf(call, charge);
  const amount = requireAmount(charge, before, request.amountMinor);
  const { begins, ends } = await courseOf(call, charge);
  const ofCard = charge.payment_method_details?.type === 'card';
  const fees = request.returnsApplicationFee ? await returnFee(call, charge, before + amount) : [];
  const id = newStripeId('re');
  const transaction = enter(call, {
    type: ofCard ? 'refund' : 'payment_refund',
    reportingCategory: 'refund',
    source: id,
    amountMinor: -amount,
    currency: charge.currency,
    description: charge.description && `REFUND FOR ${charge.description}`,
    fees,
  });
  const refund: Stripe.Refund = {
    id,
    object: 'refund',
    amount,
    balance_transaction: transaction.id,
    charge: charge.id,
    created: call.nowSeconds,
    currency: charge.currency,
    customer: charge.customer === null ? null : String(charge.customer),
    customer_account: null,
    ...(ofCard ? { destination_details: { card: { type: 'refund' }, type: 'card' } } : {}),
    metadata: request.metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    ...(begins === 'pending' ? { pending_reason: 'processing' } : {}),
    reason: request.reason,
    receipt_number: null,
    source_transfer_reversal: null,
    status: begins,
    transfer_reversal: null,
  };
  call.store.save('refund', refund);
  const { counted, previous } = countRefunded(call, charge, {
    amountMinor: amount,
    isAll: before + amount === charge.amount_captured,
  });
  call.emit('charge.refunded', counted, laneOf(charge), previous);
  call.emit('refund.created', refund, laneOf(charge));
  if (ends !== null) {
    const dueAt = new Date(call.now.getTime() + settlementDelayMs);
    call.schedule({ kind: 'refund_settlement', objectId: id, dueAt, detail: ends });
  }
  return refund;
}

function tellChange(call: Call, refund: Stripe.Refund, previous: Partial<Stripe.Refund>): void {
  call.emit('refund.updated', refund, laneOf(refund), previous);
  call.emit('charge.refund.updated', refund, laneOf(refund), previous);
}

/** The bank sent it back, or nobody took it: the money is on the account's balance again. A fee that was returned stays returned. */
async function undo(call: Call, refund: Stripe.Refund, status: 'failed' | 'canceled'): Promise<Stripe.Refund> {
  const charge = await call.store.lock('charge', String(refund.charge), 'charge');
  const taken = await call.store.get('balance_transaction', String(refund.balance_transaction), 'balance_transaction');
  const back = enterReversal(call, taken, { type: 'refund_failure', reportingCategory: 'refund_failure' });
  const { pending_reason: _over, ...rest } = refund;
  const undone: Stripe.Refund = {
    ...rest,
    failure_balance_transaction: back.id,
    ...(status === 'failed' ? { failure_reason: 'lost_or_stolen_card' } : {}),
    status,
  };
  call.store.save('refund', undone);
  countRefunded(call, charge, { amountMinor: -refund.amount, isAll: false });
  tellChange(call, undone, { status: refund.status });
  if (status === 'failed') call.emit('refund.failed', undone, laneOf(undone));
  return undone;
}

/** How a refund ends. One that succeeded can still fail, once; throws 400 for one that is over. */
export async function settleRefund(call: Call, refundId: string, outcome: 'succeed' | 'fail'): Promise<Stripe.Refund> {
  const refund = await lockRefund(call, refundId);
  await call.unschedule('refund_settlement', refundId);
  const over = refund.status === 'failed' || refund.status === 'canceled';
  if (over || (refund.status === 'succeeded' && outcome === 'succeed')) throw unexpectedStatus(refund);
  if (outcome === 'fail') return undo(call, refund, 'failed');
  const { pending_reason: _over, ...rest } = refund;
  const settled: Stripe.Refund = { ...rest, status: 'succeeded' };
  call.store.save('refund', settled);
  tellChange(call, settled, { status: refund.status });
  return settled;
}

/** Throws 400 for all but one that waits for the client (docs.stripe.com/api/refunds/cancel). */
export async function cancelRefund(call: Call, refundId: string): Promise<Stripe.Refund> {
  const refund = await lockRefund(call, refundId);
  if (refund.status !== 'requires_action') throw unexpectedStatus(refund);
  return undo(call, refund, 'canceled');
}

export async function updateRefund(
  call: Call,
  refundId: string,
  change: Readonly<Record<string, string>> | null | undefined,
): Promise<Stripe.Refund> {
  const refund = await lockRefund(call, refundId);
  const { metadata } = refund;
  const updated: Stripe.Refund = { ...refund, metadata: mergeMetadata(metadata ?? {}, change) };
  call.store.save('refund', updated);
  tellChange(call, updated, { metadata });
  return updated;
}

/** What a charge and its refunds are locked by is the charge, and always first. */
async function lockRefund(call: Call, refundId: string): Promise<Stripe.Refund> {
  const { charge } = await call.store.get('refund', refundId, 'id');
  await call.store.lock('charge', String(charge), 'charge');
  return call.store.lock('refund', refundId, 'id');
}

const unexpectedStatus = (refund: Stripe.Refund) =>
  invalidRequest(`This Refund's status is ${refund.status}, which does not allow this.`, {
    code: 'refund_unexpected_state',
  });
