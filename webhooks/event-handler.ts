import type { SettlePayments } from '../src/checkout/settle-payments.ts';
import type { ClaimedEvent, EventOutcome } from '../src/delivery/inbox.ts';
import type { EventHandler } from '../src/delivery/inbox-worker.ts';
import { ReferenceConflict } from '../src/ledger/ledger.ts';
import { ProviderError } from '../src/providers/errors.ts';
import { ignored, type Translation } from './translation.ts';

export interface EventHandlerOptions {
  /** Provider -> its translation. */
  readonly translations: Readonly<
    Record<string, { translate(event: ClaimedEvent): Translation | Promise<Translation> }>
  >;
  readonly settlePayments: SettlePayments;
  readonly onOutcome?: (event: ClaimedEvent, outcome: EventOutcome) => void;
}

/** PostgreSQL's classes of what passes by itself: connection trouble, rolled back for a deadlock or contention, shutdown. */
const passingSqlStates = /^(08|40|53|57P|55P03)/;

function isPassingDatabaseError(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return false;
  return passingSqlStates.test(error.code) || error.code.startsWith('ECONN') || error.code === 'EPIPE';
}

/** From a claimed event to its outcome: translated outside any transaction, applied set-wise inside one. */
export function createEventHandler(options: EventHandlerOptions): EventHandler<Translation> {
  const { translations, settlePayments } = options;
  return {
    prepare: (event) =>
      translations[event.provider]?.translate(event) ??
      ignored('unknown_provider', `${event.provider} is not configured here`),

    apply: async (client, batch) => {
      const outcomes: (EventOutcome | undefined)[] = batch.map(({ prepared }) =>
        prepared.kind === 'ignored' ? { status: 'ignored', reason: prepared.reason } : undefined,
      );
      const payments = batch.flatMap(({ event, prepared }, index) =>
        prepared.kind === 'payment' ? [{ index, event: prepared.event, source: `event:${event.id}` }] : [],
      );
      const results = await settlePayments(client, payments);
      payments.forEach(({ index }, position) => {
        outcomes[index] = results[position];
      });
      return outcomes.map(
        (outcome) => outcome ?? { status: 'parked', reason: 'untranslated: a hint was left unresolved' },
      );
    },

    isRetryable: (error) => {
      if (error instanceof ReferenceConflict) return false;
      if (error instanceof ProviderError) return error.isRetryable;
      return isPassingDatabaseError(error);
    },

    ...(options.onOutcome ? { onOutcome: options.onOutcome } : {}),
  };
}
