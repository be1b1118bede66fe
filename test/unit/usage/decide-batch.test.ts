import { Decimal } from 'decimal.js';
import { expect, test } from 'vitest';
import { decideBatch, type KnownEvent } from '../../../src/usage/decide-batch.ts';
import { totalsName } from '../../../src/usage/place.ts';
import type { Unit } from '../../../src/usage/unit.ts';

const at = new Date('2026-11-05T00:00:00.000Z');

const unit = (id: string, quantity: string, reverses: string | null = null, customerId = 'cus_a'): Unit => ({
  event: {
    id,
    customerId,
    feature: 'call_minutes',
    quantity: new Decimal(quantity),
    occurredAt: at,
    sessionId: null,
    reverses,
  },
  contentHash: `${id} of ${customerId}`,
  place: {
    agencyId: 'agc',
    customerId,
    feature: 'call_minutes',
    holderId: 'sub',
    periodStart: new Date('2026-11-01T00:00:00.000Z'),
    periodEnd: new Date('2026-12-01T00:00:00.000Z'),
    version: null,
    included: '0',
    licensed: false,
    counted: true,
    accountId: null,
  },
  terms: { included: new Decimal(0), price: null, tax: null, aggregation: 'sum', collect: 'balance' },
  at,
  resale: null,
});

test('a reversal of an event that another client’s sender recorded meanwhile takes nothing of it', () => {
  const [original, reversal] = [unit('x', '5'), unit('r', '-5', 'x')];
  const others = unit('x', '5', null, 'cus_b');
  const known = new Map<string, KnownEvent>([
    [
      'agc|x',
      { contentHash: others.contentHash, recordedAt: at, totals: totalsName(others.place), left: new Decimal(5) },
    ],
  ]);
  const { fresh, taken, outcomes } = decideBatch([original, reversal], known);
  expect([outcomes.get(original), outcomes.get(reversal)]).toEqual(['event_id_conflict', 'reversed_event_unknown']);
  expect([fresh, [...taken]]).toEqual([[], []]);
});
