import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { captureCharge, makeCharge } from './charges.ts';
import { requireChargeableAmount } from './countries.ts';
import { disputeByCard } from './disputes.ts';
import { invalidRequest } from './failure.ts';
import { newStripeId } from './identifiers.ts';

/** How long banks keep an authorization that nobody captures (docs.stripe.com/payments/place-a-hold-on-a-payment-method). */
const holdSeconds = 7 * 86_400;

/** Sets the amount aside on the card: the intent is `requires_capture`, the charge is there and not captured. */
export function placeHold(
  call: Call,
  intent: Stripe.PaymentIntent,
  method: Stripe.PaymentMethod,
  attempt: { readonly authenticated: boolean; readonly lane: string },
): Stripe.PaymentIntent {
  const captureBefore = call.nowSeconds + holdSeconds;
  const charge = makeCharge(call, intent, method, {
    authenticated: attempt.authenticated,
    captureBefore,
    failure: null,
  });
  const held: Stripe.PaymentIntent = {
    ...intent,
    status: 'requires_capture',
    amount_capturable: intent.amount,
    latest_charge: charge.id,
    payment_method: method.id,
    last_payment_error: null,
    next_action: null,
  };
  call.store.save('payment_intent', held);
  call.emit('payment_intent.amount_capturable_updated', held, attempt.lane);
  call.emit('charge.succeeded', charge, attempt.lane);
  call.schedule({ kind: 'hold_expiry', objectId: intent.id, dueAt: new Date(captureBefore * 1000), detail: '' });
  return held;
}

async function heldBy(call: Call, intent: Stripe.PaymentIntent) {
  const charge = await call.store.get('charge', String(intent.latest_charge), 'charge');
  const method = await call.store.get('payment_method', String(intent.payment_method), 'payment_method');
  return { charge, method };
}

/** Takes `amountMinor` of a hold, all of it unless given; the rest is let go. Throws 400 for more than is held. */
export async function captureHold(
  call: Call,
  intent: Stripe.PaymentIntent,
  amountMinor = intent.amount_capturable,
): Promise<Stripe.PaymentIntent> {
  const param = 'amount_to_capture';
  if (amountMinor > intent.amount_capturable) {
    throw invalidRequest(
      `You cannot capture more than the capturable amount of this PaymentIntent, ${intent.amount_capturable}.`,
      { code: 'amount_too_large', param },
    );
  }
  requireChargeableAmount(amountMinor, intent.currency, param);
  if (amountMinor < (intent.application_fee_amount ?? 0)) {
    throw invalidRequest('The application fee must be at most the captured amount.', { param });
  }
  const { charge, method } = await heldBy(call, intent);
  const captured = captureCharge(call, intent, charge, method, amountMinor);
  const paid: Stripe.PaymentIntent = {
    ...intent,
    status: 'succeeded',
    amount_capturable: 0,
    amount_received: amountMinor,
  };
  call.store.save('payment_intent', paid);
  call.emit('charge.captured', captured, intent.id);
  surfaceRelease(call, captured, charge.amount - amountMinor);
  call.emit('payment_intent.succeeded', paid, intent.id);
  await disputeByCard(call, captured, method);
  await call.unschedule('hold_expiry', intent.id);
  return paid;
}

/** Lets go of all that is held, which ends the intent. */
export async function releaseHold(
  call: Call,
  intent: Stripe.PaymentIntent,
  reason: Stripe.PaymentIntent.CancellationReason | null,
): Promise<Stripe.PaymentIntent> {
  const { charge } = await heldBy(call, intent);
  surfaceRelease(call, charge, charge.amount);
  const canceled: Stripe.PaymentIntent = {
    ...intent,
    status: 'canceled',
    amount_capturable: 0,
    canceled_at: call.nowSeconds,
    cancellation_reason: reason,
  };
  call.store.save('payment_intent', canceled);
  call.emit('payment_intent.canceled', canceled, intent.id);
  await call.unschedule('hold_expiry', intent.id);
  return canceled;
}

/** The bank's time is over. Throws 400 for a hold that ended before. */
export async function expireHold(call: Call, intentId: string): Promise<Stripe.PaymentIntent> {
  const intent = await call.store.lock('payment_intent', intentId, 'intent');
  if (intent.status !== 'requires_capture') throw invalidRequest(`Nothing is held by ${intentId}.`);
  const { charge } = await heldBy(call, intent);
  call.emit('charge.expired', charge, intent.id);
  return releaseHold(call, intent, 'automatic');
}

/** Where that is switched on, a release shows as the refund of a charge that never took anything, as it may at Stripe. */
function surfaceRelease(call: Call, charge: Stripe.Charge, amountMinor: number): void {
  if (!call.faults.holdReleaseSurfacesAsRefund || amountMinor === 0) return;
  const refund: Stripe.Refund = {
    id: newStripeId('re'),
    object: 'refund',
    amount: amountMinor,
    balance_transaction: null,
    charge: charge.id,
    created: call.nowSeconds,
    currency: charge.currency,
    customer: charge.customer ? String(charge.customer) : null,
    customer_account: null,
    destination_details: { card: { type: 'reversal' }, type: 'card' },
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: 'expired_uncaptured_charge',
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
  const refunded: Stripe.Charge = {
    ...charge,
    amount_refunded: amountMinor,
    refunded: amountMinor === charge.amount,
  };
  call.store.save('refund', refund);
  call.store.save('charge', refunded);
  const lane = String(charge.payment_intent);
  call.emit('charge.refunded', refunded, lane);
  call.emit('refund.created', refund, lane);
}
