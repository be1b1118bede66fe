import type { SettlePayments } from '../src/checkout/settle-payments.ts';
import type { ClaimedEvent, EventOutcome } from '../src/delivery/inbox.ts';
import type { EventHandler } from '../src/delivery/inbox-worker.ts';
import { ReferenceConflict } from '../src/ledger/ledger.ts';
import { UnbalancedPosting } from '../src/ledger/posting.ts';
import { ProviderError } from '../src/providers/errors.ts';
import { ignored, type Resolved } from './translation.ts';

export interface EventHandlerOptions {
  /** Provider -> its translation. */
  readonly translations: Readonly<
    Record<string, { translate(event: ClaimedEvent): Resolved | (() => Promise<Resolved>) }>
  >;
  readonly settlePayments: SettlePayments;
  readonly onOutcome?: (event: ClaimedEvent, outcome: EventOutcome) => void;
}

/** PostgreSQL's classes of what no repetition changes: data that does not fit, a constraint that was broken, wrong SQL. */
const finalSqlStates = /^(22|23|42)/;

/**
 * The code of an error that will come again however often the event is tried; null for one that may pass by itself. Unknown
 * errors count as passing: a connection that broke mid-way often carries no code, and a payment parked by mistake waits for a
 * person, while one tried again in a second is credited.
 */
export function finalErrorCode(error: unknown): string | null {
  if (error instanceof ReferenceConflict) return 'reference_conflict';
  if (error instanceof ProviderError) return error.isRetryable ? null : `provider_${error.kind}`;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return 'internal';
  if (error instanceof UnbalancedPosting) return 'internal';
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && finalSqlStates.test(error.code)) {
    return 'internal';
  }
  return null;
}

/** From a claimed event to its outcome: translated outside any transaction, applied set-wise inside one. */
export function createEventHandler(options: EventHandlerOptions): EventHandler<Resolved> {
  const { translations, settlePayments } = options;
  return {
    prepare: (event) =>
      translations[event.provider]?.translate(event) ??
      ignored('unknown_provider', `${event.provider} is not configured here`),

    apply: async (client, batch) => {
      const payments = batch.flatMap(({ event, prepared }, index) =>
        prepared.kind === 'payment' ? [{ index, event: prepared.event, source: `event:${event.id}` }] : [],
      );
      const results = await settlePayments(client, payments);
      const settled = new Map(payments.map(({ index }, position) => [index, results[position]]));
      return batch.map(({ prepared }, index) => {
        if (prepared.kind !== 'payment') return { status: prepared.kind, reason: prepared.reason };
        const outcome = settled.get(index);
        if (!outcome) throw new Error('fewer outcomes than payments');
        return outcome;
      });
    },

    finalCode: finalErrorCode,

    ...(options.onOutcome ? { onOutcome: options.onOutcome } : {}),
  };
}
