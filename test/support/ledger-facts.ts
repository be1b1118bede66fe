import fc from 'fast-check';
import type { Posting } from '../../src/ledger/posting.ts';
import {
  creditAdjustment,
  debitAdjustment,
  drawUsage,
  receiveTopUp,
  reverse,
  settleTopUp,
} from '../../src/ledger/postings.ts';
import { ExchangeRate } from '../../src/money/exchange-rate.ts';
import { Money } from '../../src/money/money.ts';

export interface FactPlace {
  readonly agencyId: string;
  readonly customerId: string;
  readonly merchantAccountId: string;
  readonly reference: string;
  readonly source: string;
}

const usd = (cents: number): Money => Money.ofMinorUnits(cents, 'USD');

/** Each posting template, from a place and a number of cents. */
export const templates: Readonly<Record<string, (place: FactPlace, cents: number) => Posting>> = {
  'topup.settle': (place, cents) => {
    const { source, charged, exact } = ExchangeRate.of('USD', 'OMR', '0.385').toChargeable(usd(cents + 100));
    return settleTopUp({ ...place, credited: source, charged, exact });
  },
  'topup.settle in USD': (place, cents) =>
    settleTopUp({ ...place, credited: usd(cents), charged: usd(cents), exact: usd(cents) }),
  'topup.receive': (place, cents) => receiveTopUp({ ...place, amount: usd(cents) }),
  'usage.draw': (place, cents) => drawUsage({ ...place, net: usd(cents), tax: usd(Math.trunc(cents / 20)) }),
  'adjustment.credit': (place, cents) => creditAdjustment({ ...place, amount: usd(cents) }),
  'adjustment.debit': (place, cents) => debitAdjustment({ ...place, amount: usd(cents) }),
  'topup.receive.reverse': (place, cents) => reverse(receiveTopUp({ ...place, amount: usd(cents) }), place),
};

/** Any posting of a few customers; references collide now and then, with equal or other content. */
export const anyPosting = (agencyId: string): fc.Arbitrary<Posting> =>
  fc
    .record({
      template: fc.constantFrom(...Object.keys(templates)),
      cents: fc.integer({ min: 1, max: 20_000 }),
      customer: fc.integer({ min: 1, max: 3 }),
      reference: fc.integer({ min: 1, max: 40 }),
    })
    .map(({ template, cents, customer, reference }) => {
      const make = templates[template];
      if (!make) throw new Error(`no template ${template}`);
      return make(
        {
          agencyId,
          customerId: `cus_${customer}`,
          merchantAccountId: 'macc_1',
          reference: `fact:${reference}`,
          source: 'test',
        },
        cents,
      );
    });
