import { errorMessage } from '../errors.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import type { PaymentProvider } from '../providers/port.ts';
import type { Compared } from './compare-books.ts';
import type { AccountReport } from './finding.ts';
import { type CurrencySums, emptySums } from './sums.ts';

/** What was read of an account, and how. */
export interface AccountRead {
  readonly basis: AccountReport['basis'];
  /** How many the provider keeps of the time. */
  readonly events: number;
  readonly compared: Compared;
}

/** An account whose provider shows no balance is compared by its payments. */
const basisOf = (provider: Pick<PaymentProvider, 'balance'> | undefined): AccountReport['basis'] =>
  provider && !provider.balance ? 'payments' : 'balance';

type About = Pick<AccountReport, 'merchantAccountId' | 'basis' | 'since' | 'events' | 'error'>;

/** One report for each currency that the account's lines are in; one without any where nothing moved. */
export function reportsOf(
  { id: merchantAccountId }: MerchantAccount,
  since: Date,
  { basis, events, compared: { sums } }: AccountRead,
): readonly AccountReport[] {
  const about = { merchantAccountId, basis, since: since.toISOString(), events, error: null };
  return sums.length === 0 ? [reportOf(about, null)] : sums.map((each) => reportOf(about, each));
}

/** Of an account that could not be compared to the end: what it came to until then is not said, for it would be a part. */
export const failedReport = (
  { id: merchantAccountId }: MerchantAccount,
  provider: PaymentProvider | undefined,
  now: Date,
  error: unknown,
): AccountReport =>
  reportOf(
    { merchantAccountId, basis: basisOf(provider), since: now.toISOString(), events: 0, error: errorMessage(error) },
    null,
  );

function reportOf(about: About, sums: CurrencySums | null): AccountReport {
  const { entries, provider, books, explainedBy } = sums ?? emptySums(Money.zero('USD'));
  const difference = provider.minus(books);
  const unexplained = [...explainedBy.values()].reduce((left, amount) => left.minus(amount), difference);
  return {
    ...about,
    entries,
    currency: sums && provider.currency.code,
    provider: provider.toDecimalString(),
    books: books.toDecimalString(),
    difference: difference.toDecimalString(),
    explainedBy: Object.fromEntries(
      [...explainedBy].filter(([, amount]) => !amount.isZero).map(([by, amount]) => [by, amount.toDecimalString()]),
    ),
    unexplained: unexplained.toDecimalString(),
  };
}
