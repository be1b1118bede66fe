import { words } from '../format.ts';

/** What the lines of a statement are called. */
const names: Readonly<Record<string, string>> = {
  'topup.settle': 'Top-up',
  'topup.receive': 'Payment received outside',
  'usage.draw': 'Usage',
  'fee.draw': 'Price of the plan',
  'adjustment.credit': 'Correction in the client’s favour',
  'adjustment.debit': 'Correction',
  'refund.reserve': 'Refund begun',
  'refund.release': 'Refund taken back',
  'refund.settle': 'Refund',
  'refund.return': 'Refund that failed',
  'dispute.withdraw': 'Taken by the bank',
  'dispute.reinstate': 'Given back by the bank',
};

/** A posting's code for people; one without a name of its own reads as it is written. */
export const postingName = (code: string): string => names[code] ?? words(code);
