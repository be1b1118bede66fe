import { systemClock } from '../clock.ts';
import type { Job } from '../delivery/jobs.ts';

/** The job that reads what providers made of settled payments. */
export const followJobName = 'checkout.follow_payments' as const;

/** The provider's balance is a little behind its event, and a second's payments are followed together. */
const followAfterMs = 1_000;

/** In the queue's own time, which no sandbox clock moves. What is enqueued again before it ran is put off; cron runs it then. */
export const followJob = (): Job => ({
  name: followJobName,
  payload: {},
  key: followJobName,
  runAt: new Date(systemClock.now().getTime() + followAfterMs),
});
