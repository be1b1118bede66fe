import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import {
  type Counting,
  countsAt,
  type DeliveryState,
  identifierOf,
  type MadeDelivery,
  planWindow,
  targetOf,
  type WindowFacts,
  worthOfSteps,
} from '../../../src/usage/meter-window.ts';
import { emptyStanding, type RatedEvent, type RatingTerms, rateBatch } from '../../../src/usage/rating.ts';

const at = (text: string): Date => new Date(`2026-12-${text}Z`);
const periodEnd = at('31T00:00:00');
const now = at('10T12:00:00');

const delivery = (
  identifier: string,
  value: string,
  state: DeliveryState,
  deliveredAt: Date | null = null,
): MadeDelivery => ({ identifier, value: new Decimal(value), state, attempts: deliveredAt ? 1 : 0, deliveredAt });

const facts = (change: Partial<WindowFacts> = {}): WindowFacts => ({
  target: new Decimal(0),
  credited: new Decimal(0),
  periodEnd,
  endsAt: periodEnd,
  uninvoiced: null,
  blockedUntil: null,
  madeAt: null,
  deliveries: [],
  ...change,
});

describe('what a meter should have counted', () => {
  const omr: Counting = { counts: 'steps', currency: 'OMR', rate: new Decimal('0.385') };

  test('is the overage itself, or its cost in chargeable steps, half up', () => {
    const totals = { overage: new Decimal('12.5'), cost: Money.of('2.50', 'USD') };
    expect(targetOf({ ...omr, counts: 'units' }, totals).toFixed()).toBe('12.5');
    // 0.9625 OMR is 96.25 steps of 0.010.
    expect(targetOf(omr, totals).toFixed()).toBe('96');
    expect(targetOf(omr, { ...totals, cost: Money.of('2.506494', 'USD') }).toFixed()).toBe('97');
  });

  test('asks for so much USD, should it have to be given back', () => {
    expect(worthOfSteps(omr, new Decimal(77)).toString()).toBe('2.00 USD');
  });
});

describe('a window', () => {
  test('tells at first what there is, and later the difference, an hour later', () => {
    expect(planWindow(facts({ target: new Decimal(5) }), now).make?.toFixed()).toBe('5');
    const more = facts({
      target: new Decimal(7),
      deliveries: [delivery('a', '5', 'delivered', at('10T11:30:00'))],
      madeAt: at('10T11:30:00'),
    });
    expect(planWindow(more, now)).toMatchObject({ make: null, nextAt: at('10T12:30:00') });
    expect(planWindow(more, at('10T12:30:00')).make?.toFixed()).toBe('2');
  });

  test('tells at once within the hour before its period ends, and after', () => {
    const late = facts({
      target: new Decimal(7),
      deliveries: [delivery('a', '5', 'delivered', at('30T23:30:00'))],
      madeAt: at('30T23:30:00'),
    });
    expect(planWindow(late, at('30T23:40:00')).make?.toFixed()).toBe('2');
    const before = { ...late, madeAt: at('30T22:30:00') };
    expect(planWindow(before, at('30T22:40:00')).nextAt).toEqual(at('30T23:00:00'));
  });

  test('waits after a refusal, which does not count as told', () => {
    const refused = facts({
      target: new Decimal(5),
      deliveries: [delivery('a', '5', 'refused')],
      blockedUntil: at('11T12:00:00'),
    });
    expect(planWindow(refused, now)).toMatchObject({ make: null, nextAt: at('11T12:00:00') });
    expect(planWindow(refused, at('11T12:00:00')).make?.toFixed()).toBe('5');
  });

  test('is not sent once its period is 35 days over, nor once its subscription is', () => {
    const old = facts({ target: new Decimal(5) });
    const later = new Date(periodEnd.getTime() + 36 * 86_400_000);
    expect(planWindow(old, later)).toMatchObject({ unbillable: 'too_old' });
    expect(planWindow({ ...old, uninvoiced: 'plan_changed' }, now)).toMatchObject({ unbillable: 'plan_changed' });
    expect(planWindow({ ...old, deliveries: [delivery('a', '5', 'unbillable')] }, later).make).toBeNull();
  });

  test('takes back the newest events of the last day, whole, and tells the rest anew', () => {
    const shrunk = facts({
      target: new Decimal(4),
      deliveries: [
        delivery('a', '5', 'delivered', at('10T09:00:00')),
        delivery('b', '3', 'delivered', at('10T10:00:00')),
        delivery('c', '2', 'pending'),
      ],
    });
    expect(planWindow(shrunk, now)).toMatchObject({ withdraw: ['c'], cancel: ['b', 'a'], make: null });
    const waiting = facts({ target: new Decimal(4), deliveries: [delivery('a', '3', 'canceling', now)] });
    expect(planWindow(waiting, now).make).toBeNull();
  });

  test('takes nothing back once its period’s invoice is made, which would not become less', () => {
    const sent = delivery('a', '5', 'delivered', at('30T23:50:00'));
    const shrunk = facts({ target: new Decimal(4), deliveries: [sent] });
    expect(planWindow(shrunk, at('30T23:49:00'))).toMatchObject({ cancel: ['a'] });
    expect(planWindow(shrunk, at('31T00:30:00'))).toMatchObject({ cancel: [], credit: new Decimal(0) });
    const early = { ...shrunk, endsAt: at('29T00:00:00') };
    expect(planWindow(early, at('30T23:49:00'))).toMatchObject({ cancel: [] });
  });

  test('gives back what is too late to take back, once its period is settled', () => {
    const old = facts({ target: new Decimal(4), deliveries: [delivery('a', '5', 'delivered', at('01T00:00:00'))] });
    const settled = new Date(periodEnd.getTime() + 96 * 3_600_000);
    expect(planWindow(old, now)).toMatchObject({ cancel: [], nextAt: settled });
    expect(planWindow(old, settled).credit.toFixed()).toBe('1');
    expect(planWindow({ ...old, credited: new Decimal(1) }, settled).credit.toFixed()).toBe('0');
  });
});

test('an event counts now, and within its period to the last second', () => {
  const period = { periodStart: at('01T00:00:00'), endsAt: periodEnd };
  expect(countsAt(period, now)).toEqual(now);
  expect(countsAt(period, new Date(periodEnd.getTime() - 10))).toEqual(new Date(periodEnd.getTime() - 1_000));
  expect(countsAt(period, new Date(periodEnd.getTime() + 5))).toEqual(new Date(periodEnd.getTime() + 5));
});

test('an identifier fits the 100 characters that a provider takes', () => {
  const customer = `cus_${'0'.repeat(26)}`;
  expect(identifierOf(customer, `mtr_test_${'X'.repeat(36)}`, now, 999_999).length).toBeLessThanOrEqual(100);
});

/** A provider that loses calls and answers, and counts an identifier once. */
class Meter {
  readonly #counted = new Map<string, Decimal>();
  readonly made: (MadeDelivery & { state: DeliveryState; attempts: number; deliveredAt: Date | null })[] = [];

  run(target: Decimal, time: Date, luck: () => number): void {
    const plan = planWindow(facts({ target, deliveries: this.made }), time);
    for (const each of this.made) {
      if (plan.withdraw.includes(each.identifier)) each.state = 'withdrawn';
      if (plan.cancel.includes(each.identifier)) each.state = 'canceling';
    }
    if (plan.make) this.made.push({ ...delivery(`e:${this.made.length}`, plan.make.toFixed(), 'pending') });
    for (const each of this.made) {
      if (each.state === 'pending') this.#send(each, time, luck());
      else if (each.state === 'canceling' && luck() > 0.3) {
        this.#counted.delete(each.identifier);
        each.state = 'canceled';
      }
    }
  }

  #send(each: Meter['made'][number], time: Date, luck: number): void {
    each.attempts += 1;
    if (luck < 0.3) return;
    this.#counted.set(each.identifier, each.value);
    if (luck < 0.6) return;
    each.state = 'delivered';
    each.deliveredAt = time;
  }

  get total(): string {
    return [...this.#counted.values()].reduce((sum, value) => sum.plus(value), new Decimal(0)).toFixed();
  }
}

const terms: RatingTerms = {
  included: new Decimal(20),
  price: Money.of('0.2', 'USD'),
  tax: null,
  aggregation: 'sum',
};

test('any order, batching and duplication of one period’s events gives the same meter totals, whatever calls are lost', () => {
  const used = fc.record({ quantity: fc.integer({ min: 1, max: 40 }), taken: fc.integer({ min: 0, max: 40 }) });
  fc.assert(
    fc.property(
      fc.array(used, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      fc.array(fc.nat({ max: 3 }), { minLength: 24, maxLength: 24 }),
      fc.constantFrom('units', 'steps'),
      (events, chances, sizes, counts) => {
        const counting: Counting = { counts, currency: 'OMR', rate: new Decimal('0.385') };
        const luck = (): number => chances.next().value ?? 1;
        const known = new Set<string>();
        const meter = new Meter();
        const period = { from: now, until: new Date(now.getTime() + 1) };
        let standing = emptyStanding;
        let time = now.getTime();
        const step = (batch: readonly RatedEvent[], chance: () => number): void => {
          const fresh = batch.filter(({ id }) => !known.has(id));
          for (const { id } of fresh) known.add(id);
          if (fresh.length > 0) {
            const rated = rateBatch({ terms, standing, events: fresh, period, licences: [], history: [] });
            standing = rated.standing;
          }
          time += 60_000;
          const cost = standing.net.plus(standing.tax);
          meter.run(targetOf(counting, { overage: standing.overage, cost }), new Date(time), chance);
        };
        // Each event, and what takes some of it back; sent in batches of any size, some of them again.
        const all = events.flatMap(({ quantity, taken }, index): RatedEvent[] => [
          { id: `u${index}`, at: now, quantity: new Decimal(quantity), reverses: null, late: false },
          ...(taken === 0
            ? []
            : [
                {
                  id: `r${index}`,
                  at: now,
                  quantity: new Decimal(-Math.min(taken, quantity)),
                  reverses: `u${index}`,
                  late: false,
                },
              ]),
        ]);
        for (let from = 0, turn = 0; from < all.length; turn += 1) {
          const size = (sizes[turn % sizes.length] ?? 0) + 1;
          step(all.slice(Math.max(0, from - 1), from + size), luck);
          from += size;
        }
        for (let calm = 0; calm < 8; calm += 1) step([], () => 1);
        const sum = events.reduce((total, { quantity, taken }) => total + quantity - Math.min(taken, quantity), 0);
        const overage = new Decimal(Math.max(0, sum - 20));
        const expected = targetOf(counting, { overage, cost: Money.of(overage.times('0.2').toFixed(), 'USD') });
        expect(meter.total).toBe(expected.toFixed());
      },
    ),
  );
});
