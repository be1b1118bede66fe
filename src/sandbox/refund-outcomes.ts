import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { testCardOf } from './card-behaviour.ts';

/** How a refund begins, and how it ends by itself a day later; null where it waits to be told. */
interface RefundCourse {
  readonly begins: 'succeeded' | 'pending' | 'requires_action';
  readonly ends: 'succeed' | 'fail' | null;
}

/** Courses by the name that a script gives; the two that a card's number has are as at docs.stripe.com/testing#refunds. */
export const refundCourses = {
  succeed: { begins: 'succeeded', ends: null },
  pending: { begins: 'pending', ends: 'succeed' },
  fail: { begins: 'pending', ends: 'fail' },
  fail_after_success: { begins: 'succeeded', ends: 'fail' },
  /** The client has to say where the money goes: the only refund that can be cancelled. */
  requires_action: { begins: 'requires_action', ends: null },
} as const satisfies Readonly<Record<string, RefundCourse>>;

export type RefundOutcome = keyof typeof refundCourses;

const isOutcome = (name: string): name is RefundOutcome => Object.hasOwn(refundCourses, name);

export const refundOutcomes = Object.keys(refundCourses).filter(isOutcome);

/** One for the whole sandbox: it is kept on the platform's account. */
const switchId = 'refunds';

/** What every refund does from now on; null leaves it to the card's number. */
export async function switchRefunds(call: Call, outcome: RefundOutcome | null): Promise<void> {
  const { store, nowSeconds } = call.platform;
  if (outcome === null) await store.remove('refund_switch', switchId);
  else store.save('refund_switch', { id: switchId, created: nowSeconds, outcome });
}

export const switchedRefunds = async (call: Call): Promise<RefundOutcome | null> =>
  (await call.platform.store.find('refund_switch', switchId))?.outcome ?? null;

/** What becomes of a refund of this charge: as a script switched it, else as the card's number has it. */
export async function courseOf(call: Call, charge: Stripe.Charge): Promise<RefundCourse> {
  const switched = await switchedRefunds(call);
  if (switched !== null) return refundCourses[switched];
  const method = await call.store.find('payment_method', String(charge.payment_method));
  const card = method && testCardOf(call, method);
  return refundCourses[card?.onRefund ?? 'succeed'];
}
