import { type Database, inTransaction } from '../database/database.ts';
import { AppError, invalidField } from '../errors.ts';
import { type Ledger, ReferenceConflict } from '../ledger/ledger.ts';
import {
  type Amount,
  creditAdjustment,
  debitAdjustment,
  oweShareToPlatform,
  receiveTopUp,
} from '../ledger/postings.ts';
import { balanceCurrency, type MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { Money } from '../money/money.ts';
import { platformBooksAt } from '../revenue/platform-books.ts';
import type { LivePlanOf } from '../revenue/share.ts';
import { orderTermsOf } from './order-terms.ts';

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

interface Dependencies {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly merchantAccounts: MerchantAccounts;
  readonly livePlanOf: LivePlanOf;
}

/**
 * Posts what an operator enters by hand, once per reference. A payment of a client whose plan shares revenue leaves its agency owing
 * the platform its part, in the same transaction. Throws 422 for an amount that is not USD, zero, finer than a cent, or a
 * payment that is not positive; 409 `reference_conflict` when the reference was used for something else.
 */
export function createAdjustBalance(dependencies: Dependencies): AdjustBalance {
  const { ledger, merchantAccounts } = dependencies;
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
    try {
      if (kind === 'payment') await receivePayment(dependencies, account, { ...fact, amount });
      else if (amount.isNegative) await ledger.postAlone(debitAdjustment({ ...fact, amount: amount.negated() }));
      else await ledger.postAlone(creditAdjustment({ ...fact, amount }));
    } catch (error) {
      if (!(error instanceof ReferenceConflict)) throw error;
      const message = 'This externalReference was used before, for another amount, kind or client.';
      throw new AppError(409, 'reference_conflict', message, [{ path: 'externalReference', message }]);
    }
    return { reference, balance: await ledger.balance(agencyId, customerId) };
  };
}

async function receivePayment(
  { database, ledger, livePlanOf }: Dependencies,
  account: MerchantAccount,
  payment: Amount,
): Promise<void> {
  const { agencyId, reference } = payment;
  const plan = await livePlanOf(database.pool, payment);
  const { planId, platformShare } = orderTermsOf(plan, agencyId, account, payment.amount);
  const fact = { ...payment, planId };
  if (platformShare.isZero) {
    await ledger.postAlone(receiveTopUp(fact));
    return;
  }
  await inTransaction(database.pool, async (sql) => {
    const [outcome] = await ledger.post(sql, [receiveTopUp(fact)]);
    // Entered before: its share was decided then, and the client's plan may be another one by now.
    if (outcome !== 'posted') return;
    const platform = await platformBooksAt(sql, account.provider);
    // The operator's own names are unique in one agency; the platform's books hold those of all of them.
    const share = { ...fact, reference: `share:${agencyId}:${reference}`, platform, platformPart: platformShare };
    await ledger.post(sql, oweShareToPlatform(share));
  });
}
