import { arrivalReference } from '../checkout/order.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import type { BalanceEntry } from '../providers/refund-ports.ts';

type Line = Pick<BalanceEntry, 'id' | 'kind' | 'paymentId'>;

/** What a line of a provider's balance is posted under here. */
export function referencesOf({ provider, providerAccountId }: MerchantAccount, line: Line): readonly string[] {
  const named = (id: string): string => arrivalReference(provider, providerAccountId, id);
  if (line.kind === 'payment') return line.paymentId === null ? [] : [named(line.paymentId)];
  return [named(line.id), named(`${line.id}:fee`)];
}

/** What of `booked` (reference -> amount) was posted under these, in `currency`. */
export const bookedUnder = (
  booked: ReadonlyMap<string, string>,
  references: readonly string[],
  currency: string,
): Money =>
  references.reduce(
    (sum, reference) => sum.plus(Money.of(booked.get(reference) ?? '0', currency)),
    Money.zero(currency),
  );
