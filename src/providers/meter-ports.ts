import type { Decimal } from 'decimal.js';
import type { AccountRef, WriteOptions } from './port.ts';

/** Counting of metered usage at a provider that invoices it. What `port.ts` says of every capability holds here. */

export interface MeterEvent {
  /** Ours, at most 100 characters: the provider counts it once within a day, and names it where something was wrong with it. */
  readonly identifier: string;
  /** Of the meter that counts it. */
  readonly eventName: string;
  readonly providerCustomerId: string;
  /** A decimal, never negative. */
  readonly value: string;
  /** When it counts: in the last 35 days, or at most five minutes ahead. */
  readonly at: Date;
}

/**
 * What became of an event. `already`: the provider has one of this identifier. `later`: send it again under the same identifier;
 * `mayHaveRun` says that it may be there. Neither `delivered` nor `already` says that it counts: that is found out afterwards.
 */
export type MeterDelivery =
  | { readonly outcome: 'delivered' | 'already' }
  | { readonly outcome: 'refused'; readonly code: string; readonly message: string }
  | { readonly outcome: 'later'; readonly mayHaveRun: boolean; readonly code: string; readonly message: string };

/** `late`: the provider takes nothing back any more, or does not know the event. */
export type MeterCancellation =
  | { readonly outcome: 'canceled' }
  | { readonly outcome: 'late'; readonly code: string; readonly message: string }
  | { readonly outcome: 'later'; readonly code: string; readonly message: string };

/** A time span, `from` inclusive and `until` exclusive, both whole UTC days. */
export interface MeterSpan {
  readonly from: Date;
  readonly until: Date;
}

/** What a meter counted of a customer on a UTC day that counted anything. */
export interface MeteredDay {
  readonly day: Date;
  readonly value: Decimal;
}

/** What the provider found wrong with events that it had taken. Samples are some of the events, not all. */
export interface MeterErrorReport {
  readonly errors: readonly {
    readonly code: string;
    readonly count: number;
    readonly samples: readonly { readonly identifier: string; readonly message: string }[];
  }[];
}

export interface MeteringPort {
  /** One answer for each event, in their order; events of one customer and meter go one after another. */
  send(
    account: AccountRef,
    events: readonly MeterEvent[],
    keyOf: (event: MeterEvent) => WriteOptions,
  ): Promise<readonly MeterDelivery[]>;
  /** Takes back an event that the provider received in the last 24 hours. */
  cancel(
    account: AccountRef,
    event: Pick<MeterEvent, 'eventName' | 'identifier'>,
    options: WriteOptions,
  ): Promise<MeterCancellation>;
  /** Lags behind what was sent by minutes. */
  summaries(
    account: AccountRef,
    meterId: string,
    providerCustomerId: string,
    span: MeterSpan,
  ): Promise<readonly MeteredDay[]>;
  /** The report that an event of the provider's tells of. */
  readErrors(account: AccountRef, eventId: string): Promise<MeterErrorReport>;
}
