import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { type Aggregation, emptyStanding, needsHistory, type RatedEvent } from '../../../src/usage/rating.ts';
import { decimal, event, hour, late, Period, printed, terms, wholePeriod } from './period.ts';

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
    const period = new Period(terms()).take([event('a', 1, '40')]).take([late(event('late', 2, '10'))]);
    expect(period.figures).toMatchObject({ free: '40', overage: '10', net: '2.00' });
    expect(period.take([late(event('taken back', 2, '-10', 'late'))]).figures).toMatchObject({
      overage: '0',
      net: '0.00',
    });
  });

  test('that has closed gives back what an event in time took, and lets nothing late through for it', () => {
    const licence = { id: 'lic', startsAt: hour(0), endsAt: null, quantity: decimal('50') };
    const period = new Period(terms(), [licence]).take([event('a', 1, '160')]);
    expect(period.figures).toMatchObject({ free: '100', addOn: '50', overage: '10' });
    period.take([late(event('late', 2, '5')), event('taken back', 1, '-160', 'a')]);
    expect(period.figures).toMatchObject({ free: '0', addOn: '0', overage: '5', net: '1.00' });
    expect(period.draws).toEqual({ lic: '0' });
    expect(period.take([late(event('later', 3, '7'))]).figures).toMatchObject({ free: '0', overage: '12' });
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

test.each([
  ['no licence begins or ends within it', event('b', 1, '10'), -1, false],
  ['one does, and the late event comes after that', event('b', 6, '10'), 5, false],
  ['one does, and the late event comes before that', event('b', 4, '10'), 5, true],
  ['one does, and something is taken back', event('b', 9, '-10', 'a'), 5, true],
  ['no licence begins or ends within it, and something is taken back', event('b', 9, '-10', 'a'), -1, false],
] as const)('a period’s earlier events are not asked for without need: %s', (_, next, startsAt, expected) => {
  const licences = [{ id: 'lic', startsAt: hour(startsAt), endsAt: null, left: decimal('50'), drawn: decimal('20') }];
  const [used, addOn] = [decimal('120'), decimal('20')];
  const standing = { ...emptyStanding, used, addOn, through: { at: hour(9), id: 'a' } };
  expect(needsHistory({ terms: terms(), standing, events: [next], period: wholePeriod, licences })).toBe(expected);
});

const quantity = fc.integer({ min: 1, max: 40_000_000 }).map((millionths) => new Decimal(millionths).div(1_000_000));

const isLate = fc.nat(5).map((chance) => chance === 0);

const originals = fc
  .array(fc.record({ at: fc.integer({ min: 0, max: 60 }), quantity, late: isLate }), { minLength: 1, maxLength: 14 })
  .map((list) =>
    list.map(({ at, ...each }, index): RatedEvent => ({ ...each, id: `e${index}`, at: hour(at), reverses: null })),
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
        const reversal = { ...each, id: `r${index}`, quantity: taken.negated(), reverses: each.id };
        return taken.isZero() ? [] : [reversal];
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

/** Some begin or end within the period, some cover all of it. */
const licencesOfPeriod = fc.oneof(
  fc.array(
    fc.record({
      startsAt: fc.integer({ min: -5, max: 40 }),
      lasts: fc.option(fc.integer({ min: 1, max: 60 })),
      quantity,
    }),
    { maxLength: 3 },
  ),
  fc.array(fc.record({ startsAt: fc.constant(-1), lasts: fc.constantFrom(null, 800), quantity }), {
    minLength: 1,
    maxLength: 2,
  }),
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
          expect(other.standing.late.toFixed()).toBe(whole.standing.late.toFixed());
          // What the events were told that they cost is what the period costs.
          const costs = other.parts.reduce((sum, { net, tax }) => sum.plus(net).plus(tax), Money.zero('USD'));
          expect(costs.equals(other.standing.net.plus(other.standing.tax))).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});
