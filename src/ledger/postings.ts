import type { Money } from '../money/money.ts';
import { type AccountCode, type AccountName, customerAccount } from './accounts.ts';
import { balanced, type Posting, type PostingLine } from './posting.ts';

/**
 * The posting templates: the only place where debits and credits are put together. Each is one row of the table in
 * README.md, named by its code.
 */

interface Fact {
  readonly agencyId: string;
  readonly customerId: string;
  readonly merchantAccountId: string;
  /** Names the fact, e.g. `stripe:acct_1:pi_9:settled`. */
  readonly reference: string;
  /** What told us, e.g. `event:evt_...` or `operator:key_...`. */
  readonly source: string;
}

export interface TopUp extends Fact {
  /** USD of balance. */
  readonly credited: Money;
  /** What the client paid, in the charge currency. */
  readonly charged: Money;
  /** The credited amount at the order's rate, unrounded, in the charge currency. */
  readonly exact: Money;
}

export interface Amount extends Fact {
  /** USD, positive. */
  readonly amount: Money;
}

export interface Draw extends Fact {
  /** USD, net of tax, positive or zero. */
  readonly net: Money;
  /** USD, zero or more. */
  readonly tax: Money;
}

const systemAccount = (fact: Fact, code: Exclude<AccountCode, 'prepaid'>, currency: string): AccountName => ({
  agencyId: fact.agencyId,
  code,
  merchantAccountId: fact.merchantAccountId,
  customerId: '',
  currency,
});

const debit = (account: AccountName, amount: Money): PostingLine => ({ account, amount });
const credit = (account: AccountName, amount: Money): PostingLine => ({ account, amount: amount.negated() });

/** A line of zero says nothing (no rounding, no tax) and is left out. */
function transaction(fact: Fact, code: string, lines: readonly PostingLine[]): Posting {
  const { agencyId, reference, source } = fact;
  return balanced({ agencyId, reference, source, code, lines: lines.filter(({ amount }) => !amount.isZero) });
}

const requirePositive = (what: string, amount: Money): void => {
  if (!amount.isPositive) throw new RangeError(`${what} must be above zero, not ${amount}`);
};

/** A provider has taken `charged` from the client: the client's balance grows by `credited`. */
export function settleTopUp(topUp: TopUp): Posting {
  requirePositive('a top-up', topUp.credited);
  requirePositive('a charge', topUp.charged);
  const chargeCurrency = topUp.charged.currency.code;
  const prepaid = customerAccount(topUp.agencyId, topUp.customerId);
  const clearing = systemAccount(topUp, 'clearing', chargeCurrency);
  const rounding = systemAccount(topUp, 'rounding', chargeCurrency);
  // Charged in the currency of balances, there is nothing to convert and so no bridge to cross.
  if (chargeCurrency === topUp.credited.currency.code) {
    return transaction(topUp, 'topup.settle', [
      debit(clearing, topUp.charged),
      credit(rounding, topUp.charged.minus(topUp.credited)),
      credit(prepaid, topUp.credited),
    ]);
  }
  return transaction(topUp, 'topup.settle', [
    debit(clearing, topUp.charged),
    credit(systemAccount(topUp, 'fx', chargeCurrency), topUp.exact),
    credit(rounding, topUp.charged.minus(topUp.exact)),
    debit(systemAccount(topUp, 'fx', topUp.credited.currency.code), topUp.credited),
    credit(prepaid, topUp.credited),
  ]);
}

/** Money that came outside any provider, entered by an operator. */
export function receiveTopUp(fact: Amount): Posting {
  requirePositive('a payment', fact.amount);
  return transaction(fact, 'topup.receive', [
    debit(systemAccount(fact, 'manual_receipts', fact.amount.currency.code), fact.amount),
    credit(customerAccount(fact.agencyId, fact.customerId), fact.amount),
  ]);
}

/** The cost of usage leaves the balance, which may go below zero. */
export function drawUsage(fact: Draw): Posting {
  const gross = fact.net.plus(fact.tax);
  requirePositive('a draw', gross);
  const currency = gross.currency.code;
  return transaction(fact, 'usage.draw', [
    debit(customerAccount(fact.agencyId, fact.customerId), gross),
    credit(systemAccount(fact, 'revenue', currency), fact.net),
    credit(systemAccount(fact, 'tax_payable', currency), fact.tax),
  ]);
}

/** A correction in the client's favour. */
export function creditAdjustment(fact: Amount): Posting {
  requirePositive('an adjustment', fact.amount);
  return transaction(fact, 'adjustment.credit', [
    debit(systemAccount(fact, 'adjustments', fact.amount.currency.code), fact.amount),
    credit(customerAccount(fact.agencyId, fact.customerId), fact.amount),
  ]);
}

/** A correction against the client. */
export function debitAdjustment(fact: Amount): Posting {
  requirePositive('an adjustment', fact.amount);
  return transaction(fact, 'adjustment.debit', [
    debit(customerAccount(fact.agencyId, fact.customerId), fact.amount),
    credit(systemAccount(fact, 'adjustments', fact.amount.currency.code), fact.amount),
  ]);
}

/** The opposite of a posting, line by line, under a reference of its own: how history is corrected. */
export function reverse(posting: Posting, fact: Pick<Fact, 'reference' | 'source'>): Posting {
  return balanced({
    ...posting,
    ...fact,
    code: `${posting.code}.reverse`,
    lines: posting.lines.map(({ account, amount }) => ({ account, amount: amount.negated() })),
  });
}
