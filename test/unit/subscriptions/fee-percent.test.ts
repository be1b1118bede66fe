import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import { splitCharge } from '../../../src/revenue/share.ts';
import { feePercentOf } from '../../../src/subscriptions/fee-percent.ts';
import { plan } from '../catalog/plans.ts';

const shared = (agencyPercent: string, taxPercent: string | null) => ({
  ...plan({
    type: 'revenue_sharing',
    revenueShare: { agencyPercent },
    ...(taxPercent === null ? {} : { tax: { name: 'GST', percent: taxPercent, inclusive: true } }),
  }),
  frozen: null,
});

const ownAccount = { agencyId: 'agc_1', platform: false, effectiveCurrency: 'USD' };

describe('the platform’s part of each invoice', () => {
  it.each([
    ['70', null, '30.00'],
    ['70', '5', '28.57'],
    ['0', '5', '95.24'],
    ['100', '5', '0.00'],
    ['66.67', '0', '33.33'],
    ['62.5', '7.5', '34.88'],
  ])('of an agency that keeps %s %% with a tax of %s %% is %s %%', (agencyPercent, taxPercent, percent) => {
    expect(feePercentOf(shared(agencyPercent, taxPercent), 'agc_1', ownAccount)).toBe(percent);
  });

  it('is what a payment is shared by, to within what two decimals can say', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 100 }),
        fc.integer({ min: 0, max: 25 }),
        fc.integer({ min: 100, max: 1_000_000 }),
        (agencyPercent, taxPercent, cents) => {
          const terms = { agencyPercent: String(agencyPercent), taxPercent: String(taxPercent) };
          const percent = feePercentOf(shared(terms.agencyPercent, terms.taxPercent), 'agc_1', ownAccount);
          const charged = Money.ofMinorUnits(cents, 'USD');
          const taken = charged.amount.times(percent ?? '0').div(100);
          const off = taken.minus(splitCharge(charged, terms).platform.amount).abs();
          // Half of a hundredth of a per cent of the charge, and half a cent.
          expect(off.lessThanOrEqualTo(charged.amount.times('0.00005').plus('0.005'))).toBe(true);
        },
      ),
    );
  });

  it('is none of a plan that shares nothing, on the platform’s own account, and on an account that is not the agency’s', () => {
    expect(feePercentOf({ ...plan(), frozen: null }, 'agc_1', ownAccount)).toBeNull();
    expect(feePercentOf(shared('70', '5'), 'agc_1', { ...ownAccount, platform: true })).toBeNull();
    expect(feePercentOf(shared('70', '5'), 'agc_1', { ...ownAccount, agencyId: 'agc_2' })).toBeNull();
  });

  it('is refused in a currency of three decimals, for nobody knows what is taken of it', () => {
    const omani = { ...ownAccount, effectiveCurrency: 'OMR' };
    expect(() => feePercentOf(shared('70', '5'), 'agc_1', omani)).toThrow(
      expect.objectContaining({ status: 409, code: 'share_not_collectable' }),
    );
    expect(feePercentOf({ ...plan(), frozen: null }, 'agc_1', omani)).toBeNull();
  });
});
