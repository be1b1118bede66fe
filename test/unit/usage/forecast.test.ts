import { Decimal } from 'decimal.js';
import { expect, test } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { forecastOf } from '../../../src/usage/forecast.ts';

const decimal = (text: string): Decimal => new Decimal(text);
const course = {
  terms: { included: decimal('100'), price: Money.of('0.20', 'USD'), tax: null, aggregation: 'sum' },
  used: decimal('60'),
  late: decimal('0'),
  addOn: decimal('0'),
  addOnLeft: decimal('0'),
  periodStart: new Date('2026-11-01T00:00:00Z'),
  periodEnd: new Date('2026-12-01T00:00:00Z'),
  now: new Date('2026-11-11T00:00:00Z'),
} as const;
const printed = ({ quantity, overage, cost }: ReturnType<typeof forecastOf>) => [
  quantity.toFixed(),
  overage.toFixed(),
  cost.toDecimalString(),
];

test('a third of the period shows a third of what it comes to', () => {
  expect(printed(forecastOf(course))).toEqual(['180', '80', '16.00']);
});

test('licences that are left are used before anything is charged', () => {
  expect(printed(forecastOf({ ...course, addOnLeft: decimal('30') }))).toEqual(['180', '50', '10.00']);
});

test('a peak is taken to stay', () => {
  expect(printed(forecastOf({ ...course, terms: { ...course.terms, aggregation: 'max' } }))).toEqual([
    '60',
    '0',
    '0.00',
  ]);
});

test('a period that is over is what it is, and one that begins now is nothing yet', () => {
  expect(printed(forecastOf({ ...course, now: new Date('2027-02-01T00:00:00Z') }))).toEqual(['60', '0', '0.00']);
  expect(printed(forecastOf({ ...course, used: decimal('0'), now: course.periodStart }))).toEqual(['0', '0', '0.00']);
});
