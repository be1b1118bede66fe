import type { Place } from './place.ts';
import type { PeriodTerms } from './terms.ts';
import type { UsageEvent } from './usage-event.ts';

/** An event that can be recorded: where it belongs and by what terms. */
export interface Unit {
  readonly event: UsageEvent;
  readonly contentHash: string;
  readonly place: Place;
  readonly terms: PeriodTerms;
  /** The moment that it is rated at. */
  readonly at: Date;
  /** The same usage as its agency's own, on the plan that the agency has with the platform; null without one. */
  readonly resale: Unit | null;
}

/** What became of a unit in the transaction that recorded its batch. */
export type Outcome =
  | 'recorded'
  | 'duplicate'
  | 'event_id_conflict'
  | 'reversed_event_unknown'
  | 'reversal_exceeds_event';

export const eventName = ({ place, event }: Unit): string => `${place.agencyId}|${event.id}`;
export const reversedName = ({ place, event }: Unit): string | null =>
  event.reverses === null ? null : `${place.agencyId}|${event.reverses}`;
