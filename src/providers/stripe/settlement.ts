import type Stripe from 'stripe';
import type { AccountRef, PaymentSettlement } from '../port.ts';
import { readApplicationFee } from './application-fees.ts';
import { arrivalOf, takenOf } from './balance-transactions.ts';
import { on, type StripeCalls } from './stripe-calls.ts';

/** One that failed afterwards brought its money all the same: what took it back is an entry of its own. */
const hasSucceeded = (charge: Stripe.Charge): boolean =>
  charge.status === 'succeeded' || (charge.status === 'failed' && charge.failure_balance_transaction !== null);

function cardOf({ payment_method_details: details }: Stripe.Charge): PaymentSettlement['card'] {
  const { brand, last4 } = details?.card ?? {};
  return last4 ? { brand: brand ?? 'card', last4 } : null;
}

/** A payment's charge and its balance transaction, each absent for a while after the payment, and then its fee on the platform. */
export async function readSettlement(
  stripe: Stripe,
  calls: StripeCalls,
  account: AccountRef,
  paymentId: string,
): Promise<PaymentSettlement | null> {
  const expand = ['latest_charge.balance_transaction'];
  const intent = await calls.read('payment_intent', () =>
    stripe.paymentIntents.retrieve(paymentId, { expand }, on(account)),
  );
  const charge = intent.latest_charge;
  if (charge === null || typeof charge === 'string' || !hasSucceeded(charge)) return null;
  const transaction = charge.balance_transaction;
  if (transaction === null || typeof transaction === 'string') return null;
  const arrival = { ...arrivalOf(transaction), card: cardOf(charge) };
  if (charge.application_fee === null) return { ...arrival, applicationFee: null };

  const feeId = typeof charge.application_fee === 'string' ? charge.application_fee : charge.application_fee.id;
  const fee = await readApplicationFee(stripe, calls, feeId);
  if (!fee) return null;
  return { ...arrival, applicationFee: { id: feeId, taken: takenOf(transaction), ...fee } };
}
