import { translatorOf } from '../event.ts';
import { scheduleHint } from './subscription.ts';

/** A schedule has done all it was to do. */
export const subscriptionScheduleCompleted = translatorOf('subscription_schedule.completed', (event) =>
  scheduleHint(event.data.object),
);
