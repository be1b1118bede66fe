import type { OrderListener } from '../checkout/order-listener.ts';
import type { Sql } from '../database/database.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import type { Scope } from '../tenancy/scope.ts';
import { cancelPayment } from './cancel-payment.ts';
import { changeRefillSettings, resetBreakers } from './change-settings.ts';
import { chargeRefill } from './charge-refill.ts';
import type { RefillSettings } from './decide-refill.ts';
import {
  cancelJobName,
  chargeJobName,
  enqueueEvaluation,
  evaluateJobName,
  type RefillDependencies,
  sweepJobName,
} from './dependencies.ts';
import { evaluateRefill } from './evaluate-refill.ts';
import { createOrderListener } from './order-listener.ts';
import type { ClientKey } from './refill.store.ts';
import { type AutoRefillView, showAutoRefill } from './show-refill.ts';
import { sweepRefills } from './sweep.ts';

export interface AutoRefill {
  show(client: ClientKey): Promise<AutoRefillView>;
  change(scope: Scope, client: ClientKey, settings: RefillSettings): Promise<void>;
  reset(scope: Scope, client: ClientKey): Promise<void>;
  /** The client's card is another one, or was changed: what waited for that goes on. */
  onCardChanged(sql: Sql, client: ClientKey): Promise<void>;
  readonly orderListener: OrderListener;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** What fell due by the clock. */
  sweep(): Promise<void>;
}

export function createAutoRefill(dependencies: RefillDependencies): AutoRefill {
  return {
    show: (client) => showAutoRefill(dependencies, client),
    change: (scope, client, settings) => changeRefillSettings(dependencies, scope, client, settings),
    reset: (scope, client) => resetBreakers(dependencies, scope, client),
    onCardChanged: (sql, client) => enqueueEvaluation(dependencies, sql, client),
    orderListener: createOrderListener(dependencies),
    jobs: {
      [evaluateJobName]: { handle: (payload) => evaluateRefill(dependencies, payload) },
      [chargeJobName]: { handle: (payload) => chargeRefill(dependencies, payload) },
      [cancelJobName]: { handle: (payload) => cancelPayment(dependencies, payload) },
      [sweepJobName]: { handle: () => sweepRefills(dependencies), cron: '*/5 * * * *' },
    },
    sweep: () => sweepRefills(dependencies),
  };
}
