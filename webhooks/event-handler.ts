import type { Sql } from '../src/database/database.ts';
import type { ClaimedEvent, EventOutcome } from '../src/delivery/inbox.ts';
import type { EventHandler } from '../src/delivery/inbox-worker.ts';
import { ReferenceConflict } from '../src/ledger/ledger.ts';
import { UnbalancedPosting } from '../src/ledger/posting.ts';
import { ProviderError } from '../src/providers/errors.ts';
import { type FactKind, type Facts, ignored, type Resolved } from './translation.ts';

/**
 * Every kind that is applied, in the order in which a batch is: what an account is comes before what is paid and saved on it. Payments
 * come before cards, for both may ask for a refill and only payments lock an order first; what goes back comes after what it goes back of.
 */
const factKinds = [
  'account',
  'payment',
  'subscription',
  'refund',
  'dispute',
  'card',
  'meter',
] as const satisfies readonly FactKind[];

type AppliedKind = (typeof factKinds)[number];

/** Kind of fact -> who applies it: set-wise, in the batch's transaction, answering in the order of the batch. */
export type Appliers = {
  readonly [Kind in AppliedKind]: (
    sql: Sql,
    batch: readonly { readonly event: Facts[Kind]; readonly source: string }[],
  ) => Promise<readonly EventOutcome[]>;
};

export interface EventHandlerOptions {
  /** Provider -> its translation. */
  readonly translations: Readonly<
    Record<string, { translate(event: ClaimedEvent): Resolved | (() => Promise<Resolved>) }>
  >;
  readonly appliers: Appliers;
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

const isOf = <Kind extends FactKind>(
  prepared: Resolved,
  kind: Kind,
): prepared is Resolved & { readonly kind: Kind; readonly event: Facts[Kind] } => prepared.kind === kind;

type Prepared = readonly { readonly event: ClaimedEvent; readonly prepared: Resolved }[];

interface Told<Kind extends FactKind> {
  readonly index: number;
  readonly event: Facts[Kind];
  readonly source: string;
}

const factsOf = <Kind extends FactKind>(batch: Prepared, kind: Kind): readonly Told<Kind>[] =>
  batch.flatMap(({ event, prepared }, index) =>
    isOf(prepared, kind) ? [{ index, event: prepared.event, source: `event:${event.id}` }] : [],
  );

async function applyKind<Kind extends AppliedKind>(
  appliers: Appliers,
  kind: Kind,
  sql: Sql,
  batch: Prepared,
  outcomes: Map<number, EventOutcome>,
): Promise<void> {
  const told = factsOf(batch, kind);
  if (told.length === 0) return;
  const applied = await appliers[kind](sql, told);
  for (const [position, { index }] of told.entries()) {
    const outcome = applied[position];
    if (!outcome) throw new Error(`fewer outcomes than ${kind} facts`);
    outcomes.set(index, outcome);
  }
}

function untold(prepared: Resolved): EventOutcome {
  if ('event' in prepared) throw new Error(`a ${prepared.kind} fact was applied by nobody`);
  return { status: prepared.kind, reason: prepared.reason };
}

/** From a claimed event to its outcome: translated outside any transaction, applied set-wise inside one. */
export function createEventHandler(options: EventHandlerOptions): EventHandler<Resolved> {
  const { translations, appliers } = options;
  return {
    prepare: (event) =>
      translations[event.provider]?.translate(event) ??
      ignored('unknown_provider', `${event.provider} is not configured here`),

    apply: async (client, batch) => {
      const outcomes = new Map<number, EventOutcome>();
      for (const kind of factKinds) await applyKind(appliers, kind, client, batch, outcomes);
      return batch.map(({ prepared }, index) => outcomes.get(index) ?? untold(prepared));
    },

    finalCode: finalErrorCode,

    ...(options.onOutcome ? { onOutcome: options.onOutcome } : {}),
  };
}
