import { AppError, invalidField } from '../errors.ts';
import { type Ledger, ReferenceConflict } from '../ledger/ledger.ts';
import { creditAdjustment, debitAdjustment, receiveTopUp } from '../ledger/postings.ts';
import { balanceCurrency } from '../merchant-accounts/merchant-account.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { Money } from '../money/money.ts';

export interface Adjustment {
  readonly agencyId: string;
  readonly customerId: string;
  /** `payment`: money that came outside any provider. `correction`: an operator puts a balance right, either way. */
  readonly kind: 'payment' | 'correction';
  /** USD; a correction may be negative. */
  readonly amount: Money;
  readonly reason: string;
  /** The operator's own name of the fact, unique in the agency: the same again changes nothing. */
  readonly externalReference?: string | undefined;
  readonly requestId: string;
  /** Who did it, e.g. `operator:key_...`. */
  readonly by: string;
}

export type AdjustBalance = (
  adjustment: Adjustment,
) => Promise<{ readonly reference: string; readonly balance: Money }>;

/** Decimals of money that moves outside usage. */
const decimalsMax = 2;

/**
 * Posts what an operator enters by hand, once per reference. Throws 422 for an amount that is not USD, zero, finer than a cent, or a
 * payment that is not positive; 409 `reference_conflict` when the reference was used for something else.
 */
export function createAdjustBalance({
  ledger,
  merchantAccounts,
}: {
  readonly ledger: Ledger;
  readonly merchantAccounts: MerchantAccounts;
}): AdjustBalance {
  return async ({ agencyId, customerId, kind, amount, reason, externalReference, requestId, by }) => {
    if (amount.currency.code !== balanceCurrency) {
      throw invalidField('amount.currency', 'balance_currency', `A balance is kept in ${balanceCurrency}.`);
    }
    if (amount.decimalPlaces > decimalsMax) {
      throw invalidField('amount.amount', 'too_many_decimals', 'Give at most two decimals.');
    }
    if (amount.isZero || (kind === 'payment' && amount.isNegative)) {
      throw invalidField('amount.amount', 'amount_not_positive', 'A payment is above zero; a correction is not zero.');
    }
    const account = await merchantAccounts.forNewCheckout(agencyId);
    const reference = `manual:${externalReference ?? requestId}`;
    const fact = { agencyId, customerId, merchantAccountId: account.id, reference, source: `${by}: ${reason}` };
    const template = kind === 'payment' ? receiveTopUp : amount.isNegative ? debitAdjustment : creditAdjustment;
    try {
      await ledger.postAlone(template({ ...fact, amount: amount.isNegative ? amount.negated() : amount }));
    } catch (error) {
      if (!(error instanceof ReferenceConflict)) throw error;
      const message = 'This externalReference was used before, for another amount, kind or client.';
      throw new AppError(409, 'reference_conflict', message, [{ path: 'externalReference', message }]);
    }
    return { reference, balance: await ledger.balance(agencyId, customerId) };
  };
}
