import { expect, test } from 'vitest';
import type { TurnoverLine } from '../../../src/ledger/ledger.ts';
import { drawFee, receiveInvoice, reverse, settleInvoice } from '../../../src/ledger/postings.ts';
import { Money } from '../../../src/money/money.ts';
import { revenueTotals } from '../../../src/revenue/revenue.ts';

const place = { agencyId: 'agc_1', customerId: 'cus_1', merchantAccountId: 'macc_1', reference: 'r', source: 's' };
const omr = (amount: string): Money => Money.of(amount, 'OMR');
const usd = (amount: string): Money => Money.of(amount, 'USD');

const creditSide = ['prepaid', 'revenue', 'subscription_revenue', 'overage_revenue', 'tax_payable'];

/** What a posting moves on the system accounts, in the sign of each account's side, as the ledger answers it. */
const turnoverOf = (posting: ReturnType<typeof settleInvoice>): readonly TurnoverLine[] =>
  posting.lines
    .filter(({ account }) => account.code !== 'prepaid')
    .map(({ account, amount }) => ({
      group: 'plan_1',
      account: account.code,
      posting: posting.code,
      amount: creditSide.includes(account.code) ? amount.negated() : amount,
    }));

const invoice = settleInvoice({
  ...place,
  paid: omr('20.000'),
  providerCredit: omr('1.000'),
  subscriptionNet: omr('18.000'),
  overageNet: omr('2.000'),
  tax: omr('1.000'),
});

test('of an invoice the report counts what was paid as gross, the tax in it, and the overage', () => {
  const [total] = revenueTotals(turnoverOf(invoice));
  expect(total).toMatchObject({
    gross: omr('20.000'),
    agencyShare: omr('20.000'),
    tax: omr('1.000'),
    overage: omr('2.000'),
  });
});

test('an invoice that is taken back counts against what it had added', () => {
  const back = reverse(invoice, { reference: 'back', source: 's' });
  expect(revenueTotals([...turnoverOf(invoice), ...turnoverOf(back)])).toEqual([]);
});

test('an invoice paid outside is gross; a fee drawn from the balance is not, for the top-up was', () => {
  const parts = { net: usd('49.00'), tax: usd('2.45') };
  expect(revenueTotals(turnoverOf(receiveInvoice({ ...place, ...parts })))).toMatchObject([
    { gross: usd('51.45'), tax: usd('2.45') },
  ]);
  expect(revenueTotals(turnoverOf(drawFee({ ...place, ...parts })))).toMatchObject([
    { gross: usd('0'), tax: usd('2.45') },
  ]);
});
