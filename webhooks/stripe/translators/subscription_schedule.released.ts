import { translatorOf } from '../event.ts';
import { scheduleHint } from './subscription.ts';

/** A subscription goes on without its schedule. */
export const subscriptionScheduleReleased = translatorOf('subscription_schedule.released', (event) =>
  scheduleHint(event.data.object),
);
