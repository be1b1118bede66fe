import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settleInvoice } from '../../../src/ledger/postings.ts';
import { Money } from '../../../src/money/money.ts';
import type { ProviderInvoice } from '../../../src/providers/subscription-ports.ts';
import { partsOf, settled } from '../../../src/subscriptions/invoice-parts.ts';
import { at } from './subscriptions.ts';

const omr = (minorUnits: number): Money => Money.ofMinorUnits(minorUnits, 'OMR');
const overagePrices = new Set(['price_overage', 'price_overage_before']);

interface Line {
  readonly priceId: string | null;
  readonly net: number;
  readonly tax: number;
}

interface Paid {
  readonly lines: readonly Line[];
  /** What the total has beyond its lines. */
  readonly rounding: number;
  readonly credit: number;
}

/** A paid invoice, as its total and its credit make it. Amounts in baisa. */
function paidInvoice({ lines, rounding, credit }: Paid): ProviderInvoice {
  const tax = lines.reduce((sum, line) => sum + line.tax, 0);
  const total = lines.reduce((sum, line) => sum + line.net + line.tax, rounding);
  const due = total - credit;
  return {
    ...{ id: 'in_1', number: null, status: 'paid', subscriptionId: 'sub_stripe_1', metadata: {}, billingReason: null },
    ...{ total: omr(total), tax: omr(tax), amountDue: omr(due), amountPaid: omr(due), credit: omr(credit) },
    lines: lines.map((line) => ({
      ...{ priceId: line.priceId, description: 'Sold', quantity: 1, net: omr(line.net), tax: omr(line.tax) },
      ...{ periodStart: at('2026-01-15'), periodEnd: at('2026-02-15') },
    })),
    ...{ paymentIds: ['pi_1'], hostedUrl: null, attemptCount: 1, nextAttemptAt: null },
    ...{ periodStart: at('2026-01-15'), periodEnd: at('2026-02-15'), createdAt: at('2026-02-15') },
    paidAt: at('2026-02-15'),
  };
}

const amount = fc.integer({ min: 0, max: 90_000_000 });
const paid = fc
  .record({
    lines: fc.array(
      fc.record({
        priceId: fc.constantFrom('price_base', 'price_overage', 'price_overage_before', null),
        net: amount,
        tax: fc.integer({ min: 0, max: 4_000_000 }),
      }),
      { minLength: 1, maxLength: 6 },
    ),
    rounding: fc.integer({ min: -3, max: 3 }),
    creditShare: fc.double({ min: -0.5, max: 1, noNaN: true }),
  })
  .map(({ creditShare, lines, rounding }) => {
    const total = lines.reduce((sum, { net, tax }) => sum + net + tax, 0);
    return { lines, rounding, credit: Math.min(Math.round(total * creditShare), total + rounding) };
  });

describe('what a paid invoice was for', () => {
  it('makes up what was paid and what credit bore, whatever its lines, its credit and the rounding of its taxes', () => {
    fc.assert(
      fc.property(paid, (terms) => {
        const invoice = paidInvoice(terms);
        const { subscriptionNet, overageNet, tax } = partsOf(invoice, overagePrices);
        expect(subscriptionNet.plus(overageNet).plus(tax)).toEqual(settled(invoice));
        expect(settled(invoice)).toEqual(invoice.total);
      }),
    );
  });

  it('is posted without a remainder, which the ledger would refuse', () => {
    fc.assert(
      fc.property(paid, (terms) => {
        const invoice = paidInvoice(terms);
        fc.pre(!invoice.amountPaid.isZero || !invoice.credit.isZero);
        const posting = settleInvoice({
          ...{ agencyId: 'agc_1', customerId: 'client_1', planId: 'plan_1', merchantAccountId: 'macc_1' },
          ...{ reference: 'stripe:acct_1:in_1:paid', source: 'test' },
          ...{ paid: invoice.amountPaid, providerCredit: invoice.credit, ...partsOf(invoice, overagePrices) },
        });
        const sum = posting.lines.reduce((total, line) => total.plus(line.amount), omr(0));
        expect(sum.isZero).toBe(true);
      }),
    );
  });

  it('is overage where a line has a metered price of the plan, of now or of before', () => {
    const invoice = paidInvoice({
      lines: [
        { priceId: 'price_base', net: 7700, tax: 0 },
        { priceId: 'price_overage', net: 400, tax: 0 },
        { priceId: 'price_overage_before', net: 60, tax: 0 },
        { priceId: null, net: 1000, tax: 0 },
      ],
      rounding: 0,
      credit: 0,
    });
    const { subscriptionNet, overageNet } = partsOf(invoice, overagePrices);
    expect([subscriptionNet, overageNet].map(String)).toEqual(['8.700 OMR', '0.460 OMR']);
  });

  it('gives what rounding leaves to the subscription, and to no tax', () => {
    const lines = [{ priceId: 'price_base', net: 7700, tax: 385 }];
    const { subscriptionNet, tax } = partsOf(paidInvoice({ lines, rounding: 2, credit: 0 }), overagePrices);
    expect([subscriptionNet, tax].map(String)).toEqual(['7.702 OMR', '0.385 OMR']);
  });
});
