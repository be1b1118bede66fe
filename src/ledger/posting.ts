import { hash } from 'node:crypto';
import type { Money } from '../money/money.ts';
import type { AccountName } from './accounts.ts';

/** One side of a transaction. `amount` is signed: a debit is positive, a credit negative. Never zero. */
export interface PostingLine {
  readonly account: AccountName;
  readonly amount: Money;
}

/**
 * A transaction to be posted. `reference` names the fact, not the delivery, and is unique in the agency. `source` says
 * what caused it (an event, an operator) and is not part of the content that a replay is compared with.
 */
export interface Posting {
  readonly agencyId: string;
  readonly reference: string;
  readonly code: string;
  readonly source: string;
  /** Whose money it is about; empty where it is nobody's. Reports group by it; like the source it is not content. */
  readonly customerId: string;
  /** The plan that the client lived on; null without one. */
  readonly planId: string | null;
  readonly lines: readonly PostingLine[];
}

/** Raised when a template makes a transaction that does not sum to zero: a bug in the template, never in the input. */
export class UnbalancedPosting extends Error {}

/**
 * Checks what the database will check again: at least two lines, none of zero, each storable, each account of the
 * posting's agency, a sum of zero in every currency.
 */
export function balanced(posting: Posting): Posting {
  if (posting.lines.length < 2) throw new UnbalancedPosting(`${posting.reference} has fewer than two lines`);
  const sums = new Map<string, Money>();
  for (const { account, amount } of posting.lines) {
    if (amount.isZero || !amount.isStorable || account.agencyId !== posting.agencyId) {
      throw new UnbalancedPosting(`${posting.reference} has a line that cannot be posted: ${account.code} ${amount}`);
    }
    if (account.currency !== amount.currency.code) {
      throw new UnbalancedPosting(`${posting.reference} puts ${amount} on an account in ${account.currency}`);
    }
    const sum = sums.get(account.currency);
    sums.set(account.currency, sum ? sum.plus(amount) : amount);
  }
  for (const sum of sums.values()) {
    if (!sum.isZero) throw new UnbalancedPosting(`${posting.reference} is off by ${sum}`);
  }
  return posting;
}

/** Equal for two postings of the same code, accounts and amounts, whatever their source, time or order of lines. */
export function contentHashOf(posting: Posting): string {
  const lines = posting.lines.map(
    ({ account, amount }) =>
      `${account.code}|${account.merchantAccountId}|${account.customerId}|${account.currency}|${amount.amount.toFixed()}`,
  );
  return hash('sha256', [posting.code, ...lines.sort()].join('\n'), 'base64url');
}
