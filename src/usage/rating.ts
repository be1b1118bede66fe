import { Decimal } from 'decimal.js';
import { Money } from '../money/money.ts';
import { type LicenceLeft, spreadOverLicences } from './licences.ts';

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
}

/** An event that counts, less what was taken back of it. */
export interface Contribution {
  readonly id: string;
  readonly at: Date;
  readonly quantity: Decimal;
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
  /** The period took its last event in time. */
  readonly closed: boolean;
  readonly licences: readonly LicenceLeft[];
  /** The period's earlier events, less what was taken back of them so far; read only where `needsHistory`. */
  readonly history: readonly Contribution[];
}

export interface RatedBatch {
  readonly standing: Standing;
  /** Licence -> all that the period has drawn of it. */
  readonly draws: ReadonlyMap<string, Decimal>;
  /** What each event of the batch made of the figures, in the order of the events. */
  readonly parts: readonly Figures[];
}

const byTime = (a: Contribution, b: Contribution): number =>
  a.at.getTime() - b.at.getTime() || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const isAfter = (event: Contribution, through: Standing['through']): boolean =>
  through === null || byTime(event, { ...through, quantity: zero }) > 0;

const sumOf = (events: readonly { readonly quantity: Decimal }[]): Decimal =>
  events.reduce((sum, { quantity }) => sum.plus(quantity), zero);

/** Whether the period has used, or comes to use, more than is included. */
const reachesLicences = ({ terms, standing, events }: Pick<Batch, 'terms' | 'standing' | 'events'>): boolean =>
  standing.addOn.greaterThan(0) || standing.used.plus(sumOf(events)).greaterThan(terms.included);

/** Whether a batch can be rated only with all the events of its period in view. */
export function needsHistory(batch: Omit<Batch, 'history'>): boolean {
  const { terms, standing, events, closed, licences } = batch;
  if (terms.aggregation !== 'sum') return true;
  if (closed || licences.length === 0) return false;
  return reachesLicences(batch) && events.some((event) => event.reverses !== null || !isAfter(event, standing.through));
}

/** Rates a batch. The same events in other orders and batches come to the same standing. */
export function rateBatch(batch: Batch): RatedBatch {
  const { terms, standing, events, closed } = batch;
  const quantities = closed ? lateQuantities(batch) : quantitiesInTime(batch);
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

/** Whatever came before, all of it is overage; what it takes back is taken off the overage. */
function lateQuantities({ terms, standing, events, licences, history }: Batch): Steps {
  const { used, addOn } = standing;
  const draws = new Map(licences.map(({ id, drawn }) => [id, drawn]));
  if (terms.aggregation !== 'sum') {
    const all = aggregateOf(terms.aggregation, contributionsOf(history, events));
    const late = all.minus(used);
    return {
      draws,
      steps: events.map((_, index) => ({ used, addOn, late: index === events.length - 1 ? late : standing.late })),
    };
  }
  let late = standing.late;
  const steps = events.map(({ quantity }) => {
    late = late.plus(quantity);
    return { used, addOn, late };
  });
  return { steps, draws };
}

function quantitiesInTime(batch: Batch): Steps {
  const { terms, standing, events, licences, history } = batch;
  const late = standing.late;
  const all = needsHistory(batch) ? contributionsOf(history, events) : null;
  const counted = all === null || terms.aggregation === 'sum' ? null : aggregateOf(terms.aggregation, all);
  const fresh = contributionsOf([], events).sort(byTime);
  const spread =
    counted !== null
      ? spreadOverLicences({ included: terms.included, events: peakOf(all ?? [], counted), licences, again: true })
      : all !== null
        ? spreadOverLicences({ included: terms.included, events: [...all].sort(byTime), licences, again: true })
        : spreadOverLicences({
            included: Decimal.max(terms.included.minus(standing.used), zero),
            // Within what is included nothing is drawn, whatever the batch adds before it takes back.
            events: reachesLicences(batch) ? fresh : [],
            licences,
            again: false,
          });
  const drawn =
    licences.length === 0
      ? standing.addOn
      : [...spread.draws.values()].reduce((sum, quantity) => sum.plus(quantity), zero);
  let { used, addOn } = standing;
  const steps = events.map((event, index): Quantities => {
    const isLast = index === events.length - 1;
    if (terms.aggregation === 'sum') used = used.plus(event.quantity);
    else if (isLast) used = counted ?? used;
    // What moved between earlier events is this batch's doing: its last event carries it.
    addOn = isLast ? drawn : addOn.plus(spread.byEvent.get(event.id) ?? zero);
    return { used, addOn, late };
  });
  return { steps, draws: spread.draws };
}

/** Events without their reversals, less what those took; one that was taken back whole never was. */
function contributionsOf(history: readonly Contribution[], events: readonly RatedEvent[]): Contribution[] {
  const reversed = new Map<string, Decimal>();
  for (const { reverses, quantity } of events) {
    if (reverses !== null) reversed.set(reverses, (reversed.get(reverses) ?? zero).plus(quantity));
  }
  const fresh = events.filter(({ reverses }) => reverses === null);
  return [...history, ...fresh].flatMap(({ id, at, quantity }) => {
    const taken = reversed.get(id);
    const left = quantity.plus(taken ?? zero);
    return taken !== undefined && left.isZero() ? [] : [{ id, at, quantity: left }];
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
