import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { settle } from './countries.ts';
import { newStripeId } from './identifiers.ts';

export interface BalanceEntry {
  readonly type: Stripe.BalanceTransaction.Type;
  readonly reportingCategory: string;
  /** The object that it is of: `re_...`, `du_...`, `py_...`, `fr_...`. */
  readonly source: string;
  /** In the currency that was charged, minor units; negative where money leaves the balance. */
  readonly amountMinor: number;
  readonly currency: string;
  readonly description: string | null;
  /** In the account's settlement currency; a negative one comes back to the account. */
  readonly fees?: readonly Stripe.BalanceTransaction.FeeDetail[];
}

/** Puts what came of a payment afterwards on the account's balance, at the sandbox's rate, and saves it. */
export function enter(call: Call, entry: BalanceEntry): Stripe.BalanceTransaction {
  const settled = settle(entry.amountMinor, entry.currency, call.account.country);
  const fees = [...(entry.fees ?? [])];
  const fee = fees.reduce((total, detail) => total + detail.amount, 0);
  const transaction: Stripe.BalanceTransaction = {
    id: newStripeId('txn'),
    object: 'balance_transaction',
    amount: settled.amountMinor,
    available_on: call.nowSeconds,
    balance_type: 'payments',
    created: call.nowSeconds,
    currency: settled.currency,
    description: entry.description,
    exchange_rate: settled.exchangeRate,
    fee,
    fee_details: fees,
    net: settled.amountMinor - fee,
    reporting_category: entry.reportingCategory,
    source: entry.source,
    status: 'available',
    type: entry.type,
  };
  call.store.save('balance_transaction', transaction);
  return transaction;
}

/** What an earlier entry took, given back unit for unit: its fees are not. */
export function enterReversal(
  call: Call,
  reversed: Stripe.BalanceTransaction,
  { type, reportingCategory }: Pick<BalanceEntry, 'type' | 'reportingCategory'>,
): Stripe.BalanceTransaction {
  const transaction: Stripe.BalanceTransaction = {
    ...reversed,
    id: newStripeId('txn'),
    amount: -reversed.amount,
    available_on: call.nowSeconds,
    created: call.nowSeconds,
    fee: 0,
    fee_details: [],
    net: -reversed.amount,
    reporting_category: reportingCategory,
    status: 'available',
    type,
  };
  call.store.save('balance_transaction', transaction);
  return transaction;
}
