import { hash } from 'node:crypto';

/**
 * The chart of accounts. `credit` accounts grow on the credit side and are read in that sign. A `customer` account runs:
 * it has one row whose balance and sequence move with every entry. The others are summed.
 */
export const chart = {
  /** What a client has paid ahead and not used: we owe it to the client. */
  prepaid: { side: 'credit', owner: 'customer' },
  /** Money a provider has taken from a client and not yet settled with us. */
  clearing: { side: 'debit', owner: 'merchant_account' },
  /** The bridge between two currencies at a fixed rate; open by exactly what was converted. */
  fx: { side: 'debit', owner: 'merchant_account' },
  /** What rounding to a chargeable step added (credit) or gave away (debit). */
  rounding: { side: 'credit', owner: 'merchant_account' },
  /** Money that came outside any provider: bank transfers, cash. */
  manual_receipts: { side: 'debit', owner: 'merchant_account' },
  /** Corrections by an operator, each with a reason. */
  adjustments: { side: 'debit', owner: 'merchant_account' },
  /** Usage that was drawn on a balance, net of tax. */
  revenue: { side: 'credit', owner: 'merchant_account' },
  /** The price of subscriptions and packs, net of tax, as it was charged. */
  subscription_revenue: { side: 'credit', owner: 'merchant_account' },
  /** Usage beyond what is included that a provider has invoiced, net of tax. */
  overage_revenue: { side: 'credit', owner: 'merchant_account' },
  /** What a provider keeps in a client's favour and pays invoices from: spent on the debit side, granted on the other. */
  provider_credit: { side: 'debit', owner: 'merchant_account' },
  /** Tax in what was drawn or charged, owed to the state. */
  tax_payable: { side: 'credit', owner: 'merchant_account' },
  /** What was asked back for a client and has not left yet. */
  refunds_pending: { side: 'credit', owner: 'merchant_account' },
  /** What was taken back of payments beyond what they had brought: no client bears it. */
  losses: { side: 'debit', owner: 'merchant_account' },
  /** What banks took back of sales. */
  dispute_losses: { side: 'debit', owner: 'merchant_account' },
  /** What providers keep for each dispute. */
  dispute_fees: { side: 'debit', owner: 'merchant_account' },
  /** The account's balance at its provider, in the currency that the provider settles in. */
  provider_balance: { side: 'debit', owner: 'merchant_account' },
  /** What providers keep of what they settle, in the same currency. */
  provider_fees: { side: 'debit', owner: 'merchant_account' },
  /** In an agency's books: the platform's part of what its clients paid. */
  agency_fee_expense: { side: 'debit', owner: 'merchant_account' },
  /** In the platform's books: the same part, as its own. */
  platform_revenue: { side: 'credit', owner: 'merchant_account' },
  /** In the platform's books: the agency's part of what its clients paid on the platform's account. */
  payable_to_agency: { side: 'credit', owner: 'merchant_account' },
  /** In the agency's books: the same. */
  receivable_from_platform: { side: 'debit', owner: 'merchant_account' },
  /** In an agency's books: the platform's part of what the agency was paid outside any provider. */
  payable_to_platform: { side: 'credit', owner: 'merchant_account' },
  /** In the platform's books: the same. */
  receivable_from_agency: { side: 'debit', owner: 'merchant_account' },
} as const satisfies Record<string, { side: 'debit' | 'credit'; owner: 'customer' | 'merchant_account' }>;

export type AccountCode = keyof typeof chart;

/** One account of the books: a line of the chart, for one tenant, merchant account, customer and currency. */
export interface AccountName {
  readonly agencyId: string;
  readonly code: AccountCode;
  /** Empty for a customer's account: a balance belongs to the client, wherever it was paid. */
  readonly merchantAccountId: string;
  /** Empty for a system account. */
  readonly customerId: string;
  /** Upper-case ISO 4217 code. */
  readonly currency: string;
}

export const isRunning = (code: AccountCode): boolean => chart[code].owner === 'customer';

/** One text per account. */
export const accountKey = ({ agencyId, code, merchantAccountId, customerId, currency }: AccountName): string =>
  `${agencyId}|${code}|${merchantAccountId}|${customerId}|${currency}`;

/** The account's id follows from its name, so that posting needs no look-up and no cache that could be wrong. */
export function accountIdOf(name: AccountName): string {
  const hex = hash('sha256', accountKey(name), 'hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

export const customerAccount = (agencyId: string, customerId: string): AccountName => ({
  agencyId,
  code: 'prepaid',
  merchantAccountId: '',
  customerId,
  currency: 'USD',
});
