import { translatorOf } from '../event.ts';
import { scheduleHint } from './subscription.ts';

/** A schedule was cancelled, and its subscription with it. */
export const subscriptionScheduleCanceled = translatorOf('subscription_schedule.canceled', (event) =>
  scheduleHint(event.data.object),
);
