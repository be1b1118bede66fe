import type Stripe from 'stripe';
import { enter } from './balance-entries.ts';
import type { Call } from './call.ts';
import { testCardOf } from './card-behaviour.ts';
import { requireChargeableStep, settle } from './countries.ts';
import { invalidRequest } from './failure.ts';
import { newStripeId } from './identifiers.ts';
import { refundedMinorOf } from './refunded-amounts.ts';

/** `inquiry`: the bank asks, and nothing is taken yet. `chargeback`: the money is taken at once. */
export const disputeKinds = ['inquiry', 'chargeback'] as const;
export type DisputeKind = (typeof disputeKinds)[number];

export interface DisputeRequest {
  readonly kind: DisputeKind;
  /** Minor units of what was charged; what is not refunded unless given. */
  readonly amountMinor: number | null;
  readonly reason: string;
}

/** The sandbox's fee for each chargeback, in US cents; a merchant who wins has it back. */
const feeUsdMinor = 1500;

/** How long the merchant may take to answer. */
const answerSeconds = 9 * 86_400;

/** While one of these is open, or was lost, the charge cannot be refunded. */
const holdsCharge: ReadonlySet<string> = new Set(['needs_response', 'under_review', 'lost']);

export const disputesOf = (call: Call, chargeId: string): Promise<Stripe.Dispute[]> =>
  call.store.linked('dispute', [`charge:${chargeId}`]);

export const refundableAmid = async (call: Call, charge: Stripe.Charge): Promise<boolean> =>
  (await disputesOf(call, charge.id)).every(({ status }) => !holdsCharge.has(status));

const laneOf = (dispute: Stripe.Dispute): string => String(dispute.payment_intent ?? dispute.charge);

const disputeFee = (call: Call, sign: 1 | -1): Stripe.BalanceTransaction.FeeDetail => {
  const settled = settle(feeUsdMinor, 'usd', call.account.country);
  return {
    amount: settled.amountMinor * sign,
    application: null,
    currency: settled.currency,
    description: 'Dispute fee',
    type: 'stripe_fee',
  };
};

function withdraw(call: Call, dispute: Stripe.Dispute): Stripe.Dispute {
  const transaction = enter(call, {
    type: 'adjustment',
    reportingCategory: 'dispute',
    source: dispute.id,
    amountMinor: -dispute.amount,
    currency: dispute.currency,
    description: `Chargeback withdrawal for ${String(dispute.charge)}`,
    fees: [disputeFee(call, 1)],
  });
  const withdrawn: Stripe.Dispute = {
    ...dispute,
    balance_transactions: [...dispute.balance_transactions, transaction],
    is_charge_refundable: false,
  };
  call.store.save('dispute', withdrawn);
  call.emit('charge.dispute.funds_withdrawn', withdrawn, laneOf(dispute));
  return withdrawn;
}

function reinstate(call: Call, dispute: Stripe.Dispute, amountMinor: number): Stripe.Dispute {
  const transaction = enter(call, {
    type: 'adjustment',
    reportingCategory: 'dispute_reversal',
    source: dispute.id,
    amountMinor,
    currency: dispute.currency,
    description: `Chargeback reversal for ${String(dispute.charge)}`,
    fees: dispute.status === 'won' ? [disputeFee(call, -1)] : [],
  });
  const reinstated: Stripe.Dispute = {
    ...dispute,
    balance_transactions: [...dispute.balance_transactions, transaction],
  };
  call.store.save('dispute', reinstated);
  call.emit('charge.dispute.funds_reinstated', reinstated, laneOf(dispute));
  return reinstated;
}

async function requireAmount(call: Call, charge: Stripe.Charge, asked: number | null): Promise<number> {
  const amount = asked ?? charge.amount_captured - (await refundedMinorOf(call, charge));
  if (amount <= 0 || amount > charge.amount_captured) {
    throw invalidRequest(`Between 1 and ${charge.amount_captured} of this charge can be disputed.`, {
      param: 'amount',
    });
  }
  requireChargeableStep(amount, charge.currency, 'amount');
  return amount;
}

/**
 * The cardholder's bank disputes a charge. What was refunded before can be disputed too, as it happens. Throws 400 for a charge that
 * took nothing, or one with a dispute that is not over.
 */
export async function openDispute(call: Call, chargeId: string, request: DisputeRequest): Promise<Stripe.Dispute> {
  const charge = await call.store.lock('charge', chargeId, 'charge');
  if (charge.status !== 'succeeded' || !charge.captured) {
    throw invalidRequest(`Charge ${chargeId} took nothing that could be disputed.`, { param: 'charge' });
  }
  if ((await disputesOf(call, chargeId)).some(({ status }) => !isOver(status))) {
    throw invalidRequest(`Charge ${chargeId} is disputed already.`, { param: 'charge' });
  }
  const inquiry = request.kind === 'inquiry';
  const dispute: Stripe.Dispute = {
    id: newStripeId('du'),
    object: 'dispute',
    amount: await requireAmount(call, charge, request.amountMinor),
    balance_transactions: [],
    charge: charge.id,
    created: call.nowSeconds,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence,
    evidence_details: {
      due_by: call.nowSeconds + answerSeconds,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    ...cardDetails(charge, request.kind),
    reason: request.reason,
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  };
  call.store.save('dispute', dispute);
  call.store.save('charge', { ...charge, disputed: true });
  call.emit('charge.dispute.created', dispute, laneOf(dispute));
  return inquiry ? dispute : withdraw(call, dispute);
}

function cardDetails(charge: Stripe.Charge, kind: DisputeKind): Pick<Stripe.Dispute, 'payment_method_details'> {
  const card = charge.payment_method_details?.card;
  const network = card?.network ?? card?.brand;
  if (!card || !network) return {};
  return {
    payment_method_details: {
      card: { brand: card.brand ?? network, case_type: kind, network, network_reason_code: null },
      type: 'card',
    },
  };
}

/** The dispute that a test card's number brings with every payment. */
export async function disputeByCard(call: Call, charge: Stripe.Charge, method: Stripe.PaymentMethod): Promise<void> {
  const disputes = testCardOf(call, method)?.disputes;
  if (disputes) await openDispute(call, charge.id, { ...disputes, amountMinor: null });
}

const isOver = (status: string): boolean => status === 'won' || status === 'lost' || status === 'warning_closed';

/** What may become of a dispute, from where. */
const moves = {
  /** The bank was not satisfied with an inquiry, and takes the money. */
  escalate: { from: ['warning_needs_response', 'warning_under_review'], to: 'needs_response' },
  /** The merchant has answered. */
  review: { from: ['needs_response'], to: 'under_review' },
  review_inquiry: { from: ['warning_needs_response'], to: 'warning_under_review' },
  win: { from: ['needs_response', 'under_review'], to: 'won' },
  lose: { from: ['needs_response', 'under_review'], to: 'lost' },
  /** An inquiry that came to nothing. */
  close_inquiry: { from: ['warning_needs_response', 'warning_under_review'], to: 'warning_closed' },
} as const satisfies Readonly<Record<string, { from: readonly string[]; to: Stripe.Dispute.Status }>>;

export type DisputeMove = keyof typeof moves;

const isMove = (name: string): name is DisputeMove => Object.hasOwn(moves, name);

export const disputeMoves = Object.keys(moves).filter(isMove);

/**
 * Moves a dispute on. `reinstatedMinor` is what comes back at its end where that is not all (of one that was won) or nothing (of one
 * that was lost). Throws 400 for a move that its status does not allow.
 */
export async function moveDispute(
  call: Call,
  disputeId: string,
  move: DisputeMove,
  reinstatedMinor: number | null = null,
): Promise<Stripe.Dispute> {
  const { charge } = await call.store.get('dispute', disputeId, 'id');
  await call.store.lock('charge', String(charge), 'charge');
  const dispute = await call.store.lock('dispute', disputeId, 'id');
  const { from, to } = moves[move];
  if (!from.some((status) => status === dispute.status)) {
    throw invalidRequest(`This dispute's status is ${dispute.status}, which does not allow this.`);
  }
  const back = comesBack(dispute, move, reinstatedMinor);
  const moved: Stripe.Dispute = { ...dispute, status: to, is_charge_refundable: !holdsCharge.has(to) };
  call.store.save('dispute', moved);
  call.emit(isOver(to) ? 'charge.dispute.closed' : 'charge.dispute.updated', moved, laneOf(moved), {
    status: dispute.status,
  });
  if (move === 'escalate') return withdraw(call, moved);
  return back === null ? moved : reinstate(call, moved, back);
}

/** What a move gives back, in minor units; null for nothing. */
function comesBack(dispute: Stripe.Dispute, move: DisputeMove, asked: number | null): number | null {
  const param = 'reinstatedAmount';
  if (asked === null) return move === 'win' ? dispute.amount : null;
  if (move !== 'win' && move !== 'lose') {
    throw invalidRequest('Money comes back only when a dispute is won or lost.', { param });
  }
  if (asked <= 0 || asked > dispute.amount) {
    throw invalidRequest(`Between 1 and ${dispute.amount} can come back.`, { param });
  }
  requireChargeableStep(asked, dispute.currency, param);
  return asked;
}

const noEvidence: Stripe.Dispute.Evidence = {
  access_activity_log: null,
  billing_address: null,
  cancellation_policy: null,
  cancellation_policy_disclosure: null,
  cancellation_rebuttal: null,
  customer_communication: null,
  customer_email_address: null,
  customer_name: null,
  customer_purchase_ip: null,
  customer_signature: null,
  duplicate_charge_documentation: null,
  duplicate_charge_explanation: null,
  duplicate_charge_id: null,
  enhanced_evidence: {},
  product_description: null,
  receipt: null,
  refund_policy: null,
  refund_policy_disclosure: null,
  refund_refusal_explanation: null,
  service_date: null,
  service_documentation: null,
  shipping_address: null,
  shipping_carrier: null,
  shipping_date: null,
  shipping_documentation: null,
  shipping_tracking_number: null,
  uncategorized_file: null,
  uncategorized_text: null,
};
