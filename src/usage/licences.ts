import { Decimal } from 'decimal.js';

/** A quantity that a client was granted or bought, as one period may draw on it. */
export interface LicenceLeft {
  readonly id: string;
  readonly startsAt: Date;
  /** When it expires or was revoked; null: never. */
  readonly endsAt: Date | null;
  /** What other periods have left of it. */
  readonly left: Decimal;
  /** What this period has drawn of it so far; part of `left`. */
  readonly drawn: Decimal;
}

/** A stretch of a period in which no licence begins or ends: the order of its events changes nothing. */
export interface Span {
  readonly from: Date;
  readonly until: Date;
}

interface Spread {
  /** What the period includes, as far as the events before these have left it. */
  readonly included: Decimal;
  /** In the order of their time. */
  readonly events: readonly { readonly id: string; readonly at: Date; readonly quantity: Decimal }[];
  readonly licences: readonly LicenceLeft[];
  /** True: these are all the events of the period, and what it drew so far is drawn anew. */
  readonly again: boolean;
}

const zero = new Decimal(0);

/** Earliest expiry first; one that never expires comes last. */
const byExpiry = (a: LicenceLeft, b: LicenceLeft): number =>
  (a.endsAt?.getTime() ?? Number.POSITIVE_INFINITY) - (b.endsAt?.getTime() ?? Number.POSITIVE_INFINITY) ||
  (a.id < b.id ? -1 : 1);

const isValidAt = ({ startsAt, endsAt }: LicenceLeft, at: Date): boolean =>
  startsAt <= at && (endsAt === null || at < endsAt);

/** A period, cut where licences begin and end. */
export function spansOf({ from, until }: Span, licences: readonly LicenceLeft[]): readonly Span[] {
  const edges = licences
    .flatMap(({ startsAt, endsAt }) => (endsAt === null ? [startsAt] : [startsAt, endsAt]))
    .map((edge) => edge.getTime())
    .filter((edge) => edge > from.getTime() && edge < until.getTime());
  const cuts = [...new Set([from.getTime(), ...edges])].sort((a, b) => a - b);
  return cuts.map((cut, index) => ({ from: new Date(cut), until: new Date(cuts[index + 1] ?? until) }));
}

/** Which events draw on which licences, once the included quantity is gone: each on what was valid at its own time. */
export function spreadOverLicences({ included, events, licences, again }: Spread): {
  /** Licence -> all that the period draws of it. */
  readonly draws: ReadonlyMap<string, Decimal>;
  readonly byEvent: ReadonlyMap<string, Decimal>;
} {
  const ordered = [...licences].sort(byExpiry);
  const draws = new Map(ordered.map(({ id, drawn }) => [id, again ? zero : drawn]));
  const byEvent = new Map<string, Decimal>();
  if (ordered.length === 0) return { draws, byEvent };
  let free = included;
  for (const { id, at, quantity } of events) {
    const taken = Decimal.min(free, quantity);
    free = free.minus(taken);
    let wanted = quantity.minus(taken);
    for (const licence of ordered) {
      if (wanted.isZero()) break;
      if (!isValidAt(licence, at)) continue;
      const drawn = draws.get(licence.id) ?? zero;
      const part = Decimal.max(Decimal.min(licence.left.minus(drawn), wanted), zero);
      draws.set(licence.id, drawn.plus(part));
      byEvent.set(id, (byEvent.get(id) ?? zero).plus(part));
      wanted = wanted.minus(part);
    }
  }
  return { draws, byEvent };
}
