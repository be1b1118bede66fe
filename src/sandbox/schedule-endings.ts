import type Stripe from 'stripe';
import type { Call } from './call.ts';

const endings = {
  released: 'subscription_schedule.released',
  completed: 'subscription_schedule.completed',
  canceled: 'subscription_schedule.canceled',
  aborted: 'subscription_schedule.aborted',
} as const;

export type ScheduleEnding = keyof typeof endings;

const timesOf = (call: Call, ending: ScheduleEnding): Partial<Stripe.SubscriptionSchedule> => {
  if (ending === 'released') return { released_at: call.nowSeconds };
  return ending === 'completed' ? { completed_at: call.nowSeconds } : { canceled_at: call.nowSeconds };
};

/** Ends a schedule. Where it is released, its subscription goes on without it. */
export async function endSchedule(
  call: Call,
  scheduleId: string,
  ending: ScheduleEnding,
): Promise<Stripe.SubscriptionSchedule> {
  const schedule = await call.store.lock('subscription_schedule', scheduleId, 'schedule');
  const subscriptionId = String(schedule.subscription);
  const ended: Stripe.SubscriptionSchedule = {
    ...schedule,
    ...timesOf(call, ending),
    current_phase: null,
    ...(ending === 'released' ? { released_subscription: subscriptionId, subscription: null } : {}),
    status: ending === 'aborted' ? 'canceled' : ending,
  };
  call.store.save('subscription_schedule', ended);
  call.emit(endings[ending], ended, subscriptionId);
  return ended;
}
