import { z } from 'zod';
import { providerArrivals } from '../ledger/provider-arrivals.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { bookedUnder, referencesOf } from './booked-lines.ts';
import type { CompareDependencies } from './compare-books.ts';
import { raisedLines } from './reconciliation.sql.ts';

/** Read at once: however many there are, so many are held. */
const pageSize = 200;

const raisedLine = z.object({
  subject: z.string(),
  kind: z.enum(['payment', 'payment_failure', 'refund', 'refund_failure', 'dispute']),
  payment_id: z.string().nullable(),
  /** E.g. `10.00 AED`. */
  provider: z.string(),
});
type RaisedLine = z.output<typeof raisedLine>;

type Dependencies = Pick<CompareDependencies, 'database' | 'refreshPayment' | 'followPayments' | 'onInOrder'>;

/**
 * Looks at every line again that was raised before and may be long past: its payment is asked for once more, for a person may have put things right,
 * and what agrees now is closed. Throws `ProviderError`.
 */
export async function lookAgain(dependencies: Dependencies, account: MerchantAccount, source: string): Promise<void> {
  const { database, refreshPayment, followPayments, onInOrder } = dependencies;
  let after = '';
  for (;;) {
    const { rows } = await database.pool.query(raisedLines, [account.id, after, pageSize]);
    const lines = z.array(raisedLine).parse(rows);
    const last = lines.at(-1);
    if (!last) return;
    const payments = new Set(lines.flatMap(({ payment_id: id }) => id ?? []));
    for (const paymentId of payments) await refreshPayment({ account, paymentId, source });
    await followPayments();
    await onInOrder(account, await inOrderOf(dependencies, account, lines));
    after = last.subject;
  }
}

async function inOrderOf(
  { database }: Pick<Dependencies, 'database'>,
  account: MerchantAccount,
  lines: readonly RaisedLine[],
): Promise<readonly string[]> {
  const named = lines.map(({ subject: id, kind, payment_id: paymentId, provider }) => {
    const [amount = '0', currency = 'USD'] = provider.split(' ');
    return { id, references: referencesOf(account, { id, kind, paymentId }), amount, currency };
  });
  const all = named.flatMap(({ references }) => references);
  const booked = await providerArrivals(database.pool, account.agencyId, all);
  return named
    .filter(({ references }) => references.some((reference) => booked.has(reference)))
    .filter(({ references, amount, currency }) => bookedUnder(booked, references, currency).amount.equals(amount))
    .map(({ id }) => id);
}
