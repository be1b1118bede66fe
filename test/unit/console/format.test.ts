import { describe, expect, test } from 'vitest';
import { money, quantity, roughly, whole, words } from '../../../src/console/web/format.ts';

describe('money is written for people, from its text and never through a number', () => {
  test.each([
    ['5', 'USD', '$5.00'],
    ['1234.5', 'USD', '$1,234.50'],
    ['-0.5', 'USD', '−$0.50'],
    ['0.003850', 'USD', '$0.00385'],
    ['1.93', 'OMR', '1.930\u00a0OMR'],
    ['-1.9', 'OMR', '−1.900\u00a0OMR'],
    ['1000', 'JPY', '1,000\u00a0JPY'],
    ['12345678901234567890.12', 'USD', '$12,345,678,901,234,567,890.12'],
  ])('%s %s is %s', (amount, currency, shown) => {
    expect(money({ amount, currency })).toBe(shown);
  });
});

test('a quantity keeps every decimal that it has and gains none', () => {
  expect(['150.000', '0.125', '10000', '-3'].map(quantity)).toEqual(['150', '0.125', '10,000', '−3']);
});

test('what is only foreseen is written without decimals that nobody can know', () => {
  expect(whole('3540.861015')).toBe('3540');
  expect(['24.372203', '24.3', '24'].map((amount) => roughly({ amount, currency: 'USD' }).amount)).toEqual([
    '24.37',
    '24.3',
    '24',
  ]);
});

test('a name without wording of its own is readable', () => {
  expect(words('call_minutes')).toBe('Call minutes');
});
