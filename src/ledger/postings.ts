import type { Money } from '../money/money.ts';
import { customerAccount } from './accounts.ts';
import { balanced, type Posting, type PostingLine } from './posting.ts';
import { credit, debit, type Fact, requirePositive, systemAccount, transaction } from './posting-lines.ts';

/**
 * The posting templates: here and in `reversal-postings.ts` alone are debits and credits put together. Each is one row of the table in
 * README.md, named by its code.
 */

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

/** The books of the platform, where its half of a share is posted. */
export interface PlatformBooks {
  readonly agencyId: string;
  /** The platform's account that the share has to do with. */
  readonly merchantAccountId: string;
}

/** The platform's part of a payment, in the currency of the payment. `agencyId` is the agency whose client paid. */
export interface Share extends Fact {
  readonly platform: PlatformBooks;
  readonly platformPart: Money;
}

/** What a provider made of a payment, or of a fee, on the account's balance. All below zero where money left it again. */
export interface ProviderSettlement extends Fact {
  /** What stands in clearing for it, in the currency that was charged. */
  readonly cleared: Money;
  /** The same as the provider converted it, before its fees, in the currency that it settles in. */
  readonly gross: Money;
  /** What the provider kept, in the same currency; below zero where it gave that back. */
  readonly fees: Money;
  readonly feesOf?: 'provider_fees' | 'dispute_fees';
}

export interface Draw extends Fact {
  /** USD, net of tax, positive or zero. */
  readonly net: Money;
  /** USD, zero or more. */
  readonly tax: Money;
}

/** A provider's invoice that was paid, or a payment of one pack. All in the charge currency. */
export interface SettledInvoice extends Fact {
  /** What the client paid; zero where the provider's credit covered it all. */
  readonly paid: Money;
  /** What the provider took from its credit for the client; negative where the invoice left credit behind. */
  readonly providerCredit: Money;
  /** The price of what was sold for the period, net of tax. */
  readonly subscriptionNet: Money;
  /** Metered usage, net of tax. */
  readonly overageNet: Money;
  readonly tax: Money;
}

/** An invoice that was paid outside any provider. */
export interface ReceivedInvoice extends Fact {
  /** Net of tax, positive or zero, in the invoice's currency. */
  readonly net: Money;
  /** In the same currency, zero or more. */
  readonly tax: Money;
}

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

/** A fee that is paid from the balance, which may go below zero. */
export function drawFee(fact: Draw): Posting {
  const gross = fact.net.plus(fact.tax);
  requirePositive('a fee', gross);
  const currency = gross.currency.code;
  return transaction(fact, 'fee.draw', [
    debit(customerAccount(fact.agencyId, fact.customerId), gross),
    credit(systemAccount(fact, 'revenue', currency), fact.net),
    credit(systemAccount(fact, 'tax_payable', currency), fact.tax),
  ]);
}

/**
 * A provider was paid for an invoice, or for a pack. Throws `UnbalancedPosting` where the parts do not make up what was paid and
 * taken from credit, and for an invoice of nothing, which there is nothing to post of.
 */
export function settleInvoice(fact: SettledInvoice): Posting {
  const { paid, providerCredit, subscriptionNet, overageNet, tax } = fact;
  if (paid.isNegative) throw new RangeError(`a payment must not be below zero, as ${paid} is`);
  const currency = paid.currency.code;
  return transaction(fact, 'invoice.settle', [
    debit(systemAccount(fact, 'clearing', currency), paid),
    debit(systemAccount(fact, 'provider_credit', currency), providerCredit),
    credit(systemAccount(fact, 'subscription_revenue', currency), subscriptionNet),
    credit(systemAccount(fact, 'overage_revenue', currency), overageNet),
    credit(systemAccount(fact, 'tax_payable', currency), tax),
  ]);
}

/** An invoice of ours was paid outside any provider, entered by an operator. */
export function receiveInvoice(fact: ReceivedInvoice): Posting {
  const gross = fact.net.plus(fact.tax);
  requirePositive('an invoice', gross);
  const currency = gross.currency.code;
  return transaction(fact, 'invoice.receive', [
    debit(systemAccount(fact, 'manual_receipts', currency), gross),
    credit(systemAccount(fact, 'subscription_revenue', currency), fact.net),
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

/** The provider took the platform's part out of a payment, and gives it to the platform: a posting in each one's books. */
export function takeShare(fact: Share): readonly [Posting, Posting] {
  requirePositive('an application fee', fact.platformPart);
  const platform = { ...fact, ...fact.platform };
  const currency = fact.platformPart.currency.code;
  return [
    transaction(fact, 'share.take', [
      debit(systemAccount(fact, 'agency_fee_expense', currency), fact.platformPart),
      credit(systemAccount(fact, 'clearing', currency), fact.platformPart),
    ]),
    transaction(platform, 'share.take', [
      debit(systemAccount(platform, 'clearing', currency), fact.platformPart),
      credit(systemAccount(platform, 'platform_revenue', currency), fact.platformPart),
    ]),
  ];
}

/**
 * An agency's client paid on the platform's account: what stands in clearing is the platform's to receive, and the agency's part
 * is owed to it. A posting in each one's books.
 */
export function oweShareToAgency(fact: Share & { readonly charged: Money }): readonly [Posting, Posting] {
  requirePositive('a charge', fact.charged);
  const platform = { ...fact, ...fact.platform };
  const currency = fact.charged.currency.code;
  const agencyPart = fact.charged.minus(fact.platformPart);
  return [
    transaction(fact, 'share.due_to_agency', [
      debit(systemAccount(fact, 'agency_fee_expense', currency), fact.platformPart),
      debit(systemAccount(fact, 'receivable_from_platform', currency), agencyPart),
      credit(systemAccount(fact, 'clearing', currency), fact.charged),
    ]),
    transaction(platform, 'share.due_to_agency', [
      debit(systemAccount(platform, 'clearing', currency), fact.charged),
      credit(systemAccount(platform, 'platform_revenue', currency), fact.platformPart),
      credit(systemAccount(platform, 'payable_to_agency', currency), agencyPart),
    ]),
  ];
}

/** The agency was paid outside any provider, and owes the platform its part. A posting in each one's books. */
export function oweShareToPlatform(fact: Share): readonly [Posting, Posting] {
  requirePositive('a share', fact.platformPart);
  const platform = { ...fact, ...fact.platform };
  const currency = fact.platformPart.currency.code;
  return [
    transaction(fact, 'share.due_to_platform', [
      debit(systemAccount(fact, 'agency_fee_expense', currency), fact.platformPart),
      credit(systemAccount(fact, 'payable_to_platform', currency), fact.platformPart),
    ]),
    transaction(platform, 'share.due_to_platform', [
      debit(systemAccount(platform, 'receivable_from_agency', currency), fact.platformPart),
      credit(systemAccount(platform, 'platform_revenue', currency), fact.platformPart),
    ]),
  ];
}

/** A payment, less the application fee in it, has arrived on the account's balance at the provider; or what went back of one has left it. */
export const settleAtProvider = (fact: ProviderSettlement): Posting =>
  transaction(fact, 'provider.settle', arrivalLines(fact));

/** The platform's fee has arrived on the platform's balance at the provider, or left it again. In the platform's books. */
export const receiveShare = (fact: ProviderSettlement): Posting =>
  transaction(fact, 'share.receive', arrivalLines(fact));

/** The provider converts at a rate of its own; where it converts nothing, there is no bridge to cross. */
function arrivalLines(fact: ProviderSettlement): PostingLine[] {
  const charged = fact.cleared.currency.code;
  const settled = fact.gross.currency.code;
  const bridge =
    charged === settled
      ? []
      : [
          debit(systemAccount(fact, 'fx', charged), fact.cleared),
          credit(systemAccount(fact, 'fx', settled), fact.gross),
        ];
  return [
    debit(systemAccount(fact, 'provider_balance', settled), fact.gross.minus(fact.fees)),
    debit(systemAccount(fact, fact.feesOf ?? 'provider_fees', settled), fact.fees),
    ...bridge,
    credit(systemAccount(fact, 'clearing', charged), fact.cleared),
  ];
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
