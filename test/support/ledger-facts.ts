import fc from 'fast-check';
import type { Posting } from '../../src/ledger/posting.ts';
import {
  creditAdjustment,
  debitAdjustment,
  drawFee,
  drawUsage,
  oweShareToAgency,
  oweShareToPlatform,
  receiveInvoice,
  receiveShare,
  receiveTopUp,
  reverse,
  settleAtProvider,
  settleInvoice,
  settleTopUp,
  takeShare,
} from '../../src/ledger/postings.ts';
import {
  failTopUp,
  reinstateDispute,
  releaseRefund,
  reserveRefund,
  returnOwedShare,
  returnRefund,
  returnShare,
  settleRefund,
  type Taking,
  withdrawDispute,
} from '../../src/ledger/reversal-postings.ts';
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
const omr = (steps: number): Money => Money.ofMinorUnits(steps * 10, 'OMR');

/** Both halves in one agency's books: what each books is told apart by its accounts. */
const shareOf = (place: FactPlace, cents: number) => ({
  ...place,
  platform: { agencyId: place.agencyId, merchantAccountId: 'macc_platform' },
  platformPart: omr(cents),
});

const arrivalOf = (place: FactPlace, cents: number) => ({
  ...place,
  cleared: omr(cents),
  gross: Money.ofMinorUnits(cents * 95, 'AED'),
  fees: Money.ofMinorUnits(cents, 'AED'),
});

const invoiceOf = (cents: number) => ({
  paid: omr(cents * 3 + Math.trunc(cents / 20)),
  subscriptionNet: omr(cents * 2),
  overageNet: omr(cents),
  tax: omr(Math.trunc(cents / 20)),
});

/** A third of what is taken back is beyond what the client was credited. */
const takingOf = (place: FactPlace, cents: number): Taking => ({
  ...place,
  borne: { by: 'balance', prepaid: usd(cents * 2), losses: usd(cents) },
  taken: { credited: usd(cents * 3), exact: Money.of(usd(cents).times('1.155').amount, 'OMR'), charged: omr(cents) },
});

const reservedOf = (place: FactPlace, cents: number) => {
  const { taken, ...fact } = takingOf(place, cents);
  return { ...fact, credited: taken.credited };
};

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
  'fee.draw': (place, cents) => drawFee({ ...place, net: usd(cents), tax: usd(Math.trunc(cents / 20)) }),
  'invoice.settle': (place, cents) => settleInvoice({ ...place, ...invoiceOf(cents), providerCredit: omr(0) }),
  'invoice.settle, some of it from credit': (place, cents) => {
    const { paid, ...parts } = invoiceOf(cents);
    return settleInvoice({ ...place, ...parts, paid: paid.minus(omr(cents)), providerCredit: omr(cents) });
  },
  'invoice.settle, leaving credit behind': (place, cents) => {
    const { paid, ...parts } = invoiceOf(cents);
    return settleInvoice({ ...place, ...parts, paid: paid.plus(omr(cents)), providerCredit: omr(-cents) });
  },
  'invoice.receive': (place, cents) => receiveInvoice({ ...place, net: usd(cents), tax: usd(Math.trunc(cents / 20)) }),
  'share.take, the agency': (place, cents) => takeShare(shareOf(place, cents))[0],
  'share.take, the platform': (place, cents) => takeShare(shareOf(place, cents))[1],
  'share.due_to_agency, the agency': (place, cents) =>
    oweShareToAgency({ ...shareOf(place, cents), charged: omr(cents * 3) })[0],
  'share.due_to_agency, the platform': (place, cents) =>
    oweShareToAgency({ ...shareOf(place, cents), charged: omr(cents * 3) })[1],
  'share.due_to_platform, the agency': (place, cents) => oweShareToPlatform(shareOf(place, cents))[0],
  'share.due_to_platform, the platform': (place, cents) => oweShareToPlatform(shareOf(place, cents))[1],
  'share.receive': (place, cents) => receiveShare(arrivalOf(place, cents)),
  'provider.settle': (place, cents) => settleAtProvider(arrivalOf(place, cents)),
  'provider.settle in what was charged': (place, cents) =>
    settleAtProvider({ ...place, cleared: usd(cents), gross: usd(cents), fees: usd(Math.trunc(cents / 30)) }),
  'refund.reserve': (place, cents) => reserveRefund(reservedOf(place, cents)),
  'refund.release': (place, cents) => releaseRefund(reservedOf(place, cents)),
  'refund.settle': (place, cents) => settleRefund(takingOf(place, cents)),
  'refund.return': (place, cents) => returnRefund(takingOf(place, cents)),
  'dispute.withdraw': (place, cents) => withdrawDispute(takingOf(place, cents)),
  'dispute.reinstate': (place, cents) => reinstateDispute(takingOf(place, cents)),
  'topup.settle.reverse': (place, cents) => failTopUp(takingOf(place, cents)),
  'share.return, the agency': (place, cents) => returnShare(shareOf(place, cents))[0],
  'share.return, the platform': (place, cents) =>
    returnOwedShare({ ...shareOf(place, cents), charged: omr(cents * 3) })[1],
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
