import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';
import { type LicenceLeft, type Span, spansOf, spreadOverLicences } from './licences.ts';

/**
 * What a period's usage comes to (RULES 13 and 14): the included quantity first, then licences by earliest expiry, then overage at the
 * version's price. Every figure is a function of the period's events together, and an event is rated as the difference that it makes, so
 * that the order of arrival changes no total.
 */

export type Aggregation = 'sum' | 'max' | 'last';

export interface RatingTerms {
  /** Of the period, in the feature's unit. */
  readonly included: Decimal;
  /** USD per unit beyond what is included; null: nothing more is sold. */
  readonly price: Money | null;
  /** `percent` of the net; `inclusive`: the price contains it. */
  readonly tax: { readonly percent: string; readonly inclusive: boolean } | null;
  readonly aggregation: Aggregation;
}

/** One event of a period. `at`: the moment that it is rated at, which for a reversal is the reversed event's. */
export interface RatedEvent {
  readonly id: string;
  readonly at: Date;
  /** Below zero for a reversal. */
  readonly quantity: Decimal;
  /** The event that it takes back, in part or whole. */
  readonly reverses: string | null;
  /** It came after the period had closed, or takes back what did. */
  readonly late: boolean;
}

/** An event that counts, less what was taken back of it; of a sum, what a span's events in time come to. */
export interface Contribution {
  readonly id: string;
  readonly at: Date;
  readonly quantity: Decimal;
  readonly late: boolean;
}

/** What a period has come to. The parts of its events sum to it exactly. */
export interface Figures {
  readonly free: Decimal;
  readonly addOn: Decimal;
  readonly overage: Decimal;
  readonly net: Money;
  readonly tax: Money;
}

export interface Standing extends Figures {
  /** What came in time, aggregated. */
  readonly used: Decimal;
  /** What came after the period had closed, and is overage whatever was left. */
  readonly late: Decimal;
  /** The latest event so far, by time and id; null before the first. */
  readonly through: { readonly at: Date; readonly id: string } | null;
}

const zero = new Decimal(0);
const nothing = Money.zero('USD');
const storedStep = new Decimal('0.000001');

export const emptyStanding: Standing = {
  used: zero,
  late: zero,
  through: null,
  free: zero,
  addOn: zero,
  overage: zero,
  net: nothing,
  tax: nothing,
};

type Quantities = Pick<Standing, 'used' | 'late' | 'addOn'>;

/** Rounded once, from the cumulative overage: the cost of an event is the difference of two of these. */
export function figuresOf(terms: Omit<RatingTerms, 'aggregation'>, { used, late, addOn }: Quantities): Figures {
  const counted = Decimal.max(used, zero);
  const free = Decimal.min(counted, terms.included);
  const overage = Decimal.max(counted.minus(free).minus(addOn).plus(late), zero);
  return { free, addOn, overage, ...costOf(terms, overage) };
}

/** What so much overage costs, to what is stored. */
export function costOf(
  { price, tax }: Pick<RatingTerms, 'price' | 'tax'>,
  overage: Decimal,
): Pick<Figures, 'net' | 'tax'> {
  if (price === null) return { net: nothing, tax: nothing };
  const exact = price.times(overage);
  const asked = exact.roundedTo(storedStep);
  if (tax === null) return { net: asked, tax: nothing };
  const percent = new Decimal(tax.percent);
  if (!tax.inclusive) return { net: asked, tax: exact.times(percent.div(100)).roundedTo(storedStep) };
  const contained = Money.of(asked.amount.times(percent).div(percent.plus(100)), 'USD').roundedTo(storedStep);
  return { net: asked.minus(contained), tax: contained };
}

export interface Batch {
  readonly terms: RatingTerms;
  readonly standing: Standing;
  /** New to the period, in any order. */
  readonly events: readonly RatedEvent[];
  readonly period: Span;
  readonly licences: readonly LicenceLeft[];
  /**
   * Read only where `needsHistory`. The period's earlier events, less what was taken back of them so far; of a sum only those in time,
   * summed over each of its `spansOf`.
   */
  readonly history: readonly Contribution[];
}

export interface RatedBatch {
  readonly standing: Standing;
  /** Licence -> all that the period has drawn of it. */
  readonly draws: ReadonlyMap<string, Decimal>;
  /** What each event of the batch made of the figures, in the order of the events. */
  readonly parts: readonly Figures[];
}

type Moment = Pick<Contribution, 'at' | 'id'>;

const byTime = (a: Moment, b: Moment): number =>
  a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const isAfter = (event: Moment, through: Standing['through']): boolean =>
  through === null || byTime(event, through) > 0;

const sumOf = (events: readonly { readonly quantity: Decimal }[]): Decimal =>
  events.reduce((sum, { quantity }) => sum.plus(quantity), zero);

const totalOf = (draws: ReadonlyMap<string, Decimal>): Decimal =>
  [...draws.values()].reduce((total, quantity) => total.plus(quantity), zero);

/** Whether the period has used, or comes to use, more than is included. */
const reachesLicences = ({ terms, standing, events }: Pick<Batch, 'terms' | 'standing' | 'events'>): boolean =>
  standing.addOn.greaterThan(0) || standing.used.plus(sumOf(events.filter(inTime))).greaterThan(terms.included);

const inTime = ({ late }: { readonly late: boolean }): boolean => !late;

const isWithin = ({ from, until }: Span, at: Date): boolean => from <= at && at < until;

/** Whether what licences gave to earlier events may change: more is used before an edge that others have passed, or less at all. */
function allocatesAgain(batch: Omit<Batch, 'history'>): boolean {
  const { standing, events, period, licences } = batch;
  if (licences.length === 0 || !reachesLicences(batch)) return false;
  const { through } = standing;
  const last = through === null ? undefined : spansOf(period, licences).find((span) => isWithin(span, through.at));
  return events.some(
    ({ at, reverses, late }) => !late && (reverses !== null || (last !== undefined && at < last.from)),
  );
}

/** Whether a batch can be rated only with the earlier events of its period in view. */
export function needsHistory(batch: Omit<Batch, 'history'>): boolean {
  if (batch.terms.aggregation !== 'sum') return true;
  return allocatesAgain(batch) && spansOf(batch.period, batch.licences).length > 1;
}

/** Rates a batch. The same events in other orders and batches come to the same standing. */
export function rateBatch(batch: Batch): RatedBatch {
  const { terms, standing, events } = batch;
  const quantities = terms.aggregation === 'sum' ? sums(batch) : states(batch, terms.aggregation);
  const parts: Figures[] = [];
  let before: Figures = standing;
  for (const step of quantities.steps) {
    const after = figuresOf(terms, step);
    parts.push(difference(after, before));
    before = after;
  }
  const last = quantities.steps.at(-1) ?? standing;
  const { used, late } = last;
  const through = [...events]
    .sort(byTime)
    .filter((event) => event.reverses === null && isAfter(event, standing.through));
  const latest = through.at(-1);
  return {
    standing: {
      ...before,
      used,
      late,
      through: latest ? { at: latest.at, id: latest.id } : standing.through,
    },
    draws: quantities.draws,
    parts,
  };
}

interface Steps {
  /** What there is after each event of the batch. */
  readonly steps: readonly Quantities[];
  readonly draws: ReadonlyMap<string, Decimal>;
}

/** What comes late is overage, whatever came before; what is taken back goes off where it was counted. */
function sums(batch: Batch): Steps {
  const { terms, standing, events, licences } = batch;
  const again = allocatesAgain(batch);
  const fresh = contributionsOf([], events).filter(inTime);
  const spread = again
    ? spreadOverLicences({ included: terms.included, events: bySpan(batch), licences, again })
    : spreadOverLicences({
        included: Decimal.max(terms.included.minus(standing.used), zero),
        // Within what is included nothing is drawn, whatever the batch adds before it takes back.
        events: reachesLicences(batch) ? fresh.sort(byTime) : [],
        licences,
        again,
      });
  const drawn = again ? totalOf(spread.draws) : null;
  let { used, addOn, late } = standing;
  const steps = events.map((event, index): Quantities => {
    if (event.late) late = late.plus(event.quantity);
    else used = used.plus(event.quantity);
    addOn = addOn.plus(spread.byEvent.get(event.id) ?? zero);
    // What moved between earlier events is this batch's doing: its last event carries it.
    if (drawn !== null && index === events.length - 1) addOn = drawn;
    return { used, addOn, late };
  });
  return { steps, draws: spread.draws };
}

/** What the period used in time, in the order of its spans: what each came to before, then what the batch adds to it. */
function bySpan({ standing, events, period, licences, history }: Batch): readonly Contribution[] {
  const spans = spansOf(period, licences);
  const own = new Set(events.filter(({ reverses }) => reverses === null).map(({ id }) => id));
  const takenBack = events.filter(({ late, reverses }) => !late && reverses !== null && !own.has(reverses));
  const earlier = spans.map((span): Contribution => {
    const before = spans.length === 1 ? standing.used : sumOf(history.filter(({ at }) => isWithin(span, at)));
    const quantity = before.plus(sumOf(takenBack.filter(({ at }) => isWithin(span, at))));
    return { id: '', at: span.from, quantity, late: false };
  });
  return [...earlier, ...contributionsOf([], events).filter(inTime)].sort(byTime);
}

/** A peak or a last state: what came late counts by what it changed of that, as overage. */
function states({ terms, standing, events, licences, history }: Batch, aggregation: 'max' | 'last'): Steps {
  const all = contributionsOf(history, events);
  const used = aggregateOf(aggregation, all.filter(inTime));
  const late = aggregateOf(aggregation, all).minus(used);
  const { draws } = spreadOverLicences({
    included: terms.included,
    events: peakOf(all.filter(inTime), used),
    licences,
    again: true,
  });
  const addOn = licences.length === 0 ? standing.addOn : totalOf(draws);
  // Its last event carries what the batch changed.
  return { draws, steps: events.map((_, index) => (index === events.length - 1 ? { used, addOn, late } : standing)) };
}

/** Events without their reversals, less what those took; one that was taken back whole never was. */
function contributionsOf(history: readonly Contribution[], events: readonly RatedEvent[]): Contribution[] {
  const reversed = new Map<string, Decimal>();
  for (const { reverses, quantity } of events) {
    if (reverses !== null) reversed.set(reverses, (reversed.get(reverses) ?? zero).plus(quantity));
  }
  const fresh = events.filter(({ reverses }) => reverses === null);
  return [...history, ...fresh].flatMap(({ id, at, quantity, late }) => {
    const taken = reversed.get(id);
    const left = quantity.plus(taken ?? zero);
    return taken !== undefined && left.isZero() ? [] : [{ id, at, quantity: left, late }];
  });
}

function aggregateOf(aggregation: Exclude<Aggregation, 'sum'>, contributions: readonly Contribution[]): Decimal {
  if (aggregation === 'max') return contributions.reduce((most, { quantity }) => Decimal.max(most, quantity), zero);
  return [...contributions].sort(byTime).at(-1)?.quantity ?? zero;
}

const peakOf = (contributions: readonly Contribution[], quantity: Decimal): readonly Contribution[] => {
  const last = [...contributions].sort(byTime).at(-1);
  return last ? [{ ...last, quantity }] : [];
};

const difference = (after: Figures, before: Figures): Figures => ({
  free: after.free.minus(before.free),
  addOn: after.addOn.minus(before.addOn),
  overage: after.overage.minus(before.overage),
  net: after.net.minus(before.net),
  tax: after.tax.minus(before.tax),
});
