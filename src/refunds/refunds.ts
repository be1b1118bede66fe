import type { ScheduledJob } from '../delivery/jobs.ts';
import { createApplyReversals } from './apply-reversals.ts';
import { createAskRefund } from './ask-refund.ts';
import type { RefundDependencies } from './dependencies.ts';
import { createReadReversals } from './read-refunds.ts';
import { createRefreshPayment } from './refresh-payment.ts';
import { createSendRefunds, sendJobName, sweepJobName } from './send-refund.ts';

interface Dependencies extends RefundDependencies {
  /** Told of a refund that could not be sent now; it is tried again by itself. */
  readonly onFailure: (refundId: string, error: unknown) => void;
}

/** The room's use cases and jobs. */
export function createRefunds(dependencies: Dependencies) {
  const applyReversals = createApplyReversals(dependencies);
  const { send, sweep } = createSendRefunds({ ...dependencies, applyReversals });
  return {
    ask: createAskRefund(dependencies),
    applyReversals,
    refresh: createRefreshPayment({ ...dependencies, applyReversals }),
    readReversals: createReadReversals(dependencies.database),
    sweep,
    jobs: {
      [sendJobName]: { handle: send },
      [sweepJobName]: { handle: sweep, cron: '*/2 * * * *' },
    } satisfies Record<string, ScheduledJob>,
  };
}

export type Refunds = ReturnType<typeof createRefunds>;
