import { translatorOf } from '../event.ts';
import { scheduleHint } from './subscription.ts';

/** A schedule ended with its subscription unpaid. */
export const subscriptionScheduleAborted = translatorOf('subscription_schedule.aborted', (event) =>
  scheduleHint(event.data.object),
);
