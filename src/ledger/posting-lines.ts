import type { Money } from '../money/money.ts';
import type { AccountCode, AccountName } from './accounts.ts';
import { balanced, type Posting, type PostingLine } from './posting.ts';

/** What the posting templates are put together from; only they use it. */

export interface Fact {
  readonly agencyId: string;
  /** Whose money it is about. In the platform's books it may be an agency's client. */
  readonly customerId: string;
  /** The plan that the client lived on, where the fact depends on it. */
  readonly planId?: string | null | undefined;
  readonly merchantAccountId: string;
  /** Names the fact, e.g. `stripe:acct_1:pi_9:settled`. */
  readonly reference: string;
  /** What told us, e.g. `event:evt_...` or `operator:key_...`. */
  readonly source: string;
}

export const systemAccount = (fact: Fact, code: Exclude<AccountCode, 'prepaid'>, currency: string): AccountName => ({
  agencyId: fact.agencyId,
  code,
  merchantAccountId: fact.merchantAccountId,
  customerId: '',
  currency,
});

export const debit = (account: AccountName, amount: Money): PostingLine => ({ account, amount });
export const credit = (account: AccountName, amount: Money): PostingLine => ({ account, amount: amount.negated() });

/** A line of zero says nothing (no rounding, no tax) and is left out. */
export function transaction(fact: Fact, code: string, lines: readonly PostingLine[]): Posting {
  const { agencyId, reference, source, customerId, planId } = fact;
  const written = lines.filter(({ amount }) => !amount.isZero);
  return balanced({ agencyId, reference, source, customerId, planId: planId ?? null, code, lines: written });
}

export const requirePositive = (what: string, amount: Money): void => {
  if (!amount.isPositive) throw new RangeError(`${what} must be above zero, not ${amount}`);
};
