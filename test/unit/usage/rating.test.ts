import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import {
  type Aggregation,
  type Contribution,
  emptyStanding,
  type Figures,
  needsHistory,
  type RatedEvent,
  type RatingTerms,
  rateBatch,
  type Standing,
} from '../../../src/usage/rating.ts';

const start = Date.parse('2026-11-01T00:00:00Z');
const hour = (hours: number): Date => new Date(start + hours * 3_600_000);
const decimal = (text: string): Decimal => new Decimal(text);

interface LicenceFact {
  readonly id: string;
  readonly startsAt: Date;
  readonly endsAt: Date | null;
  readonly quantity: Decimal;
}

const terms = (change: Partial<RatingTerms> = {}): RatingTerms => ({
  included: decimal('100'),
  price: Money.of('0.20', 'USD'),
  tax: null,
  aggregation: 'sum',
  ...change,
});

const event = (id: string, hours: number, quantity: string, reverses: string | null = null): RatedEvent => ({
  id,
  at: hour(hours),
  quantity: decimal(quantity),
  reverses,
});

/** A period as the store keeps it: what came, less what was taken back, and what it stands at. */
class Period {
  readonly #terms: RatingTerms;
  readonly #licences: readonly LicenceFact[];
  readonly #seen = new Set<string>();
  #history: Contribution[] = [];
  #draws: ReadonlyMap<string, Decimal> = new Map();
  standing: Standing = emptyStanding;
  readonly parts: Figures[] = [];

  constructor(terms: RatingTerms, licences: readonly LicenceFact[] = []) {
    this.#terms = terms;
    this.#licences = licences;
  }

  take(delivered: readonly RatedEvent[], closed = false): this {
    const events: RatedEvent[] = [];
    for (const each of delivered) {
      if (this.#seen.has(each.id)) continue;
      this.#seen.add(each.id);
      events.push(each);
    }
    const batch = {
      terms: this.#terms,
      standing: this.standing,
      events,
      closed,
      licences: this.#licences.map(({ quantity, ...licence }) => ({
        ...licence,
        left: quantity,
        drawn: this.#draws.get(licence.id) ?? decimal('0'),
      })),
    };
    const history = needsHistory(batch) ? this.#history : [];
    const { standing, draws, parts } = rateBatch({ ...batch, history });
    this.standing = standing;
    this.#draws = draws;
    this.parts.push(...parts);
    this.#remember(events);
    return this;
  }

  #remember(events: readonly RatedEvent[]): void {
    this.#history.push(...events.filter(({ reverses }) => reverses === null));
    for (const { reverses, quantity } of events) {
      this.#history = this.#history.flatMap((each) => {
        if (each.id !== reverses) return [each];
        const left = each.quantity.plus(quantity);
        return left.isZero() ? [] : [{ ...each, quantity: left }];
      });
    }
  }

  get draws(): Record<string, string> {
    return Object.fromEntries([...this.#draws].map(([id, quantity]) => [id, quantity.toFixed()]));
  }

  get figures() {
    return printed(this.standing);
  }
}

const printed = ({ free, addOn, overage, net, tax }: Figures) => ({
  free: free.toFixed(),
  addOn: addOn.toFixed(),
  overage: overage.toFixed(),
  net: net.toDecimalString(),
  tax: tax.toDecimalString(),
});

describe('a period', () => {
  test('takes the included quantity first, and splits an event that crosses it', () => {
    const period = new Period(terms()).take([event('a', 1, '90')]).take([event('b', 2, '25')]);
    expect(period.parts.map(printed)).toEqual([
      { free: '90', addOn: '0', overage: '0', net: '0.00', tax: '0.00' },
      { free: '10', addOn: '0', overage: '15', net: '3.00', tax: '0.00' },
    ]);
  });

  test('draws on licences by earliest expiry before it charges', () => {
    const licences = [
      { id: 'lic_never', startsAt: hour(0), endsAt: null, quantity: decimal('10') },
      { id: 'lic_late', startsAt: hour(0), endsAt: hour(500), quantity: decimal('10') },
      { id: 'lic_soon', startsAt: hour(0), endsAt: hour(300), quantity: decimal('10') },
    ];
    const period = new Period(terms(), licences).take([event('a', 1, '112')]);
    expect(period.draws).toEqual({ lic_soon: '10', lic_late: '2', lic_never: '0' });
    expect(period.take([event('b', 2, '30')]).figures).toEqual({
      free: '100',
      addOn: '30',
      overage: '12',
      net: '2.40',
      tax: '0.00',
    });
  });

  test('draws on a licence only for what was used while it was valid, whenever that is heard of', () => {
    const licences = [{ id: 'lic', startsAt: hour(10), endsAt: hour(20), quantity: decimal('50') }];
    const late = new Period(terms({ included: decimal('0') }), licences)
      .take([event('during', 12, '30')])
      .take([event('after', 20, '5')])
      .take([event('before', 9, '7')])
      .take([event('during too', 19, '40')]);
    expect(late.draws).toEqual({ lic: '50' });
    expect(late.figures).toMatchObject({ addOn: '50', overage: '32', net: '6.40' });
  });

  test('draws on no licence for a batch that takes back as much as it adds', () => {
    const licence = { id: 'lic_1', startsAt: hour(0), endsAt: null, quantity: decimal('50') };
    const period = new Period(terms(), [licence]).take([event('a', 1, '90')]);
    period.take([event('b', 2, '30'), event('c', 1, '-40', 'a')]);
    expect(period.figures).toMatchObject({ free: '80', addOn: '0', overage: '0' });
  });

  test('gives back what a late event moved into the included quantity, and charges what it moved out', () => {
    const licences = [{ id: 'lic', startsAt: hour(10), endsAt: hour(20), quantity: decimal('50') }];
    const period = new Period(terms({ included: decimal('10') }), licences)
      .take([event('during', 12, '10')])
      .take([event('after', 25, '10')]);
    expect(period.figures).toMatchObject({ free: '10', addOn: '0', overage: '10', net: '2.00' });
    // Used first, it takes the included quantity: what came during the licence draws on the licence now.
    expect(period.take([event('before', 5, '10')]).figures).toMatchObject({ addOn: '10', overage: '10', net: '2.00' });
  });

  test('draws on no licence for events that fit into what a reversal beside them gave back', () => {
    const licences = [{ id: 'lic', startsAt: hour(0), endsAt: null, quantity: decimal('50') }];
    const period = new Period(terms(), licences).take([event('a', 1, '90')]);
    period.take([event('b', 2, '40'), event('taken back', 1, '-90', 'a')]);
    expect(period.figures).toMatchObject({ free: '40', addOn: '0', overage: '0' });
    expect(period.draws).toEqual({ lic: '0' });
  });

  test('charges cumulative cost rounded once, so that many small events cost what one large one does', () => {
    const rates = terms({ included: decimal('0'), price: Money.of('0.000001', 'USD') });
    const many = new Period(rates);
    for (let index = 0; index < 10; index += 1) many.take([event(`e${index}`, index, '0.25')]);
    expect(many.figures.net).toBe(new Period(rates).take([event('one', 1, '2.5')]).figures.net);
    expect(many.figures.net).toBe('0.000003');
  });

  test('puts a tax on top, or finds it inside, as the plan says', () => {
    const tax = (inclusive: boolean) => terms({ included: decimal('0'), tax: { percent: '5', inclusive } });
    expect(new Period(tax(false)).take([event('a', 1, '10')]).figures).toMatchObject({ net: '2.00', tax: '0.10' });
    expect(new Period(tax(true)).take([event('a', 1, '10')]).figures).toMatchObject({
      net: '1.904762',
      tax: '0.095238',
    });
  });

  test('without a price for more costs nothing, and counts on', () => {
    const period = new Period(terms({ price: null })).take([event('a', 1, '150')]);
    expect(period.figures).toMatchObject({ free: '100', overage: '50', net: '0.00' });
  });

  test('that has closed takes the rest as overage, whatever was left of its quota', () => {
    const period = new Period(terms()).take([event('a', 1, '40')]).take([event('late', 2, '10')], true);
    expect(period.figures).toMatchObject({ free: '40', overage: '10', net: '2.00' });
    expect(period.take([event('taken back', 3, '-10', 'late')], true).figures).toMatchObject({
      overage: '0',
      net: '0.00',
    });
  });

  test('counts a peak, and a peak that is taken back no more', () => {
    const period = new Period(terms({ aggregation: 'max', included: decimal('5') }));
    period.take([event('a', 1, '4'), event('b', 2, '9')]).take([event('c', 3, '7')]);
    expect(period.figures).toMatchObject({ free: '5', overage: '4', net: '0.80' });
    expect(period.take([event('d', 4, '-9', 'b')]).figures).toMatchObject({ free: '5', overage: '2', net: '0.40' });
  });

  test('counts the last state by its time, not by its arrival', () => {
    const period = new Period(terms({ aggregation: 'last', included: decimal('2') }));
    expect(period.take([event('b', 9, '3')]).take([event('a', 1, '8')]).figures).toMatchObject({
      free: '2',
      overage: '1',
    });
    expect(period.take([event('c', 10, '0')]).figures).toMatchObject({ free: '0', overage: '0', net: '0.00' });
    expect(period.take([event('d', 11, '-3', 'b')]).figures).toMatchObject({ free: '0', overage: '0' });
  });
});

const quantity = fc.integer({ min: 1, max: 40_000_000 }).map((millionths) => new Decimal(millionths).div(1_000_000));

const originals = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 60 }), quantity }), { minLength: 1, maxLength: 14 })
  .map((list) =>
    list.map(({ at, quantity }, index): RatedEvent => ({ id: `e${index}`, at: hour(at), quantity, reverses: null })),
  );

/** Events, some of which are taken back in part or whole. */
const eventsOfPeriod = originals.chain((events) =>
  fc
    .array(fc.constantFrom('kept', 'halved', 'reversed'), { minLength: events.length, maxLength: events.length })
    .map((fates): readonly RatedEvent[] => [
      ...events,
      ...events.flatMap((each, index): RatedEvent[] => {
        const fate = fates[index];
        if (fate === undefined || fate === 'kept') return [];
        const taken = fate === 'halved' ? each.quantity.div(2).toDecimalPlaces(6) : each.quantity;
        return taken.isZero() ? [] : [{ id: `r${index}`, at: each.at, quantity: taken.negated(), reverses: each.id }];
      }),
    ]),
);

/** An order of delivery, cut into batches, some of them delivered twice. A reversal is taken only once its event is there. */
function delivered(events: readonly RatedEvent[], order: readonly number[], cuts: readonly number[]): RatedEvent[][] {
  const shuffled = events
    .map((each, index) => ({ each, rank: order[index] ?? 0 }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ each }) => each);
  const placed = new Map(shuffled.map(({ id }, index) => [id, index]));
  const inOrder = [...shuffled].sort(
    (a, b) =>
      Math.max(placed.get(a.id) ?? 0, placed.get(a.reverses ?? '') ?? 0) -
        Math.max(placed.get(b.id) ?? 0, placed.get(b.reverses ?? '') ?? 0) ||
      Number(a.reverses !== null) - Number(b.reverses !== null),
  );
  const batches: RatedEvent[][] = [];
  for (let first = 0, turn = 0; first < inOrder.length; turn += 1) {
    const size = 1 + ((cuts[turn % cuts.length] ?? 0) % 5);
    const batch = inOrder.slice(first, first + size);
    batches.push(batch, ...(size % 2 === 0 ? [batch] : []));
    first += size;
  }
  return batches;
}

const licencesOfPeriod = fc.array(
  fc.record({
    startsAt: fc.integer({ min: -5, max: 40 }),
    lasts: fc.option(fc.integer({ min: 1, max: 60 })),
    quantity,
  }),
  { maxLength: 3 },
);

describe('any order, batching and duplication of one period’s events', () => {
  test.each<Aggregation>(['sum', 'max', 'last'])('gives the same cost, quota use and totals: %s', (aggregation) => {
    fc.assert(
      fc.property(
        eventsOfPeriod,
        licencesOfPeriod,
        fc.array(fc.nat(), { minLength: 28, maxLength: 28 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(null, true, false),
        (events, granted, order, cuts, inclusive) => {
          const licences = granted.map(({ startsAt, lasts, quantity }, index) => ({
            id: `lic_${index}`,
            startsAt: hour(startsAt),
            endsAt: lasts === null ? null : hour(startsAt + lasts),
            quantity,
          }));
          const rates = terms({
            aggregation,
            included: decimal('30'),
            price: Money.of('0.013337', 'USD'),
            tax: inclusive === null ? null : { percent: '7.5', inclusive },
          });
          const whole = new Period(rates, licences).take(events);
          const other = new Period(rates, licences);
          for (const batch of delivered(events, order, cuts)) other.take(batch);
          expect(other.figures).toEqual(whole.figures);
          expect(other.draws).toEqual(whole.draws);
          expect(other.standing.used.toFixed()).toBe(whole.standing.used.toFixed());
          // What the events were told that they cost is what the period costs.
          const costs = other.parts.reduce((sum, { net, tax }) => sum.plus(net).plus(tax), Money.zero('USD'));
          expect(costs.equals(other.standing.net.plus(other.standing.tax))).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});
