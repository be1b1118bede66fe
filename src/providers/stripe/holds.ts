import type Stripe from 'stripe';
import type { HoldsPort, ProviderHold } from '../card-ports.ts';
import { ProviderError } from '../errors.ts';
import { metadataKeys } from '../metadata.ts';
import type { AccountRef } from '../port.ts';
import { fromMinorUnits, toMinorUnits } from './amounts.ts';
import { failureOf } from './payments.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

const statuses: Readonly<Record<string, ProviderHold['status']>> = {
  processing: 'processing',
  requires_action: 'action_required',
  requires_capture: 'placed',
  requires_payment_method: 'failed',
};

/** Let go of by the bank itself, and not by us (docs.stripe.com/api/payment_intents/object, `cancellation_reason`). */
const lapsed: ReadonlySet<string> = new Set(['automatic', 'expired']);

/** A payment that was cancelled while the bank still asked its owner held nothing: its charge, if it has one, never succeeded. */
function statusOf(intent: Stripe.PaymentIntent, charge: Stripe.Charge | null): ProviderHold['status'] {
  if (intent.status !== 'canceled') return statuses[intent.status] ?? 'processing';
  if (charge?.status !== 'succeeded') return 'failed';
  return lapsed.has(intent.cancellation_reason ?? '') ? 'expired' : 'released';
}

export function toHold(intent: Stripe.PaymentIntent): ProviderHold {
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  const captureBefore = charge?.payment_method_details?.card?.capture_before;
  return {
    id: intent.id,
    status: statusOf(intent, charge),
    amount: fromMinorUnits(intent.amount, intent.currency),
    metadata: intent.metadata,
    actionUrl: intent.next_action?.redirect_to_url?.url ?? null,
    expiresAt: captureBefore ? new Date(captureBefore * 1000) : null,
    failure: failureOf(intent.last_payment_error),
  };
}

const expand = ['latest_charge'];

export function createHolds(stripe: Stripe, calls: StripeCalls): HoldsPort {
  const read = (account: AccountRef, paymentId: string): Promise<Stripe.PaymentIntent> =>
    calls.read('payment_intent', () => stripe.paymentIntents.retrieve(paymentId, { expand }, on(account)));
  return {
    retrieve: async (account, paymentId) => toHold(await read(account, paymentId)),

    async place(account, request, options) {
      const params = {
        amount: toMinorUnits(request.amount),
        currency: request.amount.currency.code.toLowerCase(),
        customer: request.providerCustomerId,
        payment_method: request.cardId,
        allowed_payment_method_types: ['card'],
        capture_method: 'manual',
        confirm: true,
        description: request.description,
        metadata: { ...request.metadata, [metadataKeys.hold]: request.holdId, [metadataKeys.purpose]: 'verification' },
        return_url: request.returnUrl,
        expand,
      } satisfies Stripe.PaymentIntentCreateParams;
      return toHold(
        await calls.write('payment_intent', () => stripe.paymentIntents.create(params, writeOn(account, options))),
      );
    },

    async find(account, providerCustomerId, holdId) {
      const intents = await calls.list(() =>
        stripe.paymentIntents.list(
          { customer: providerCustomerId, limit: pageSize, expand: ['data.latest_charge'] },
          on(account),
        ),
      );
      const found = intents.find(({ metadata }) => metadata[metadataKeys.hold] === holdId);
      return found ? toHold(found) : null;
    },

    async release(account, paymentId, options) {
      try {
        return toHold(
          await calls.write('payment_intent', () =>
            stripe.paymentIntents.cancel(paymentId, { expand }, writeOn(account, options)),
          ),
        );
      } catch (error) {
        if (!(error instanceof ProviderError) || error.kind !== 'invalid') throw error;
        const intent = await read(account, paymentId);
        // What was captured or is on its way holds or took money: that must be heard.
        if (intent.status !== 'canceled') throw error;
        return toHold(intent);
      }
    },
  };
}
