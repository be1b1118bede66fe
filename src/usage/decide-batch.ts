import { Decimal } from 'decimal.js';
import { totalsName } from './place.ts';
import { eventName, type Outcome, reversedName, type Unit } from './unit.ts';

/** An event that is there already. */
export interface KnownEvent {
  readonly contentHash: string;
  /** Null for one of the same batch. */
  readonly recordedAt: Date | null;
  /** Names the totals that it counts in. */
  readonly totals: string;
  /** What may still be taken back of it. */
  readonly left: Decimal;
}

export interface Decided {
  /** To be recorded, reversals after what they reverse. */
  readonly fresh: readonly Unit[];
  /** Event -> how much of it this batch takes back. */
  readonly taken: ReadonlyMap<string, Decimal>;
  readonly outcomes: ReadonlyMap<Unit, Outcome>;
}

const zero = new Decimal(0);

/**
 * Which units of a batch are new, given the events that are there, by name. A unit's resale follows it: it is recorded with it, or
 * not at all.
 */
export function decideBatch(units: readonly Unit[], known: ReadonlyMap<string, KnownEvent>): Decided {
  const there = new Map(known);
  const taken = new Map<string, Decimal>();
  const fresh: Unit[] = [];
  const decide = (unit: Unit): Outcome => {
    const name = eventName(unit);
    const found = there.get(name);
    if (found) return found.contentHash === unit.contentHash ? 'duplicate' : 'event_id_conflict';
    const reversed = reversedName(unit);
    if (reversed !== null) {
      const original = there.get(reversed);
      // It was placed by an event that came to nothing: the one that is there is another's.
      if (original?.totals !== totalsName(unit.place)) return 'reversed_event_unknown';
      const left = original.left.minus(taken.get(reversed) ?? zero);
      if (unit.event.quantity.negated().greaterThan(left)) return 'reversal_exceeds_event';
      taken.set(reversed, (taken.get(reversed) ?? zero).minus(unit.event.quantity));
    }
    const left = Decimal.max(unit.event.quantity, zero);
    there.set(name, { contentHash: unit.contentHash, recordedAt: null, totals: totalsName(unit.place), left });
    fresh.push(unit);
    return 'recorded';
  };
  const outcomes = new Map<Unit, Outcome>();
  const ordered = [...units].sort((a, b) => Number(a.event.reverses !== null) - Number(b.event.reverses !== null));
  for (const unit of ordered) {
    const outcome = decide(unit);
    outcomes.set(unit, outcome);
    if (outcome === 'recorded' && unit.resale) decide(unit.resale);
  }
  return { fresh, taken, outcomes };
}
