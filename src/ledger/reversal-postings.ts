import type { Money } from '../money/money.ts';
import { customerAccount } from './accounts.ts';
import type { Posting, PostingLine } from './posting.ts';
import { credit, debit, type Fact, systemAccount, transaction } from './posting-lines.ts';
import type { PlatformBooks } from './postings.ts';

/** The templates of money that goes back after it was paid. An amount below zero is one that comes back, and mirrors its lines. */

/** Who bears what is taken back. The parts make up the whole of it. */
export type Borne =
  /** A top-up, in USD: the client's balance, and what is beyond it. */
  | { readonly by: 'balance'; readonly prepaid: Money; readonly losses: Money }
  /** A sale that is undone, in the currency that was charged. */
  | {
      readonly by: 'sale';
      readonly subscriptionNet: Money;
      readonly overageNet: Money;
      readonly tax: Money;
      /** Beyond what was sold: given back twice. */
      readonly losses: Money;
    }
  /** A sale whose money a bank took. */
  | { readonly by: 'dispute_losses'; readonly amount: Money };

/** What is taken back, as it was sold and as it was charged. */
export interface Taken {
  /** USD of a top-up; of a sale, what was charged. */
  readonly credited: Money;
  /** The share of the payment's unrounded amount, in the charge currency. */
  readonly exact: Money;
  /** What leaves, in the charge currency. */
  readonly charged: Money;
}

export interface RefundReserve extends Fact {
  readonly borne: Borne;
  readonly credited: Money;
}

export interface RefundSettlement extends Fact {
  readonly taken: Taken;
}

export interface Taking extends Fact {
  readonly borne: Borne;
  readonly taken: Taken;
}

/** What goes back of the platform's part, in the currency of the payment; below zero where it is the platform's again. */
export interface ReturnedShare extends Fact {
  readonly platform: PlatformBooks;
  readonly platformPart: Money;
}

const bearingLines = (fact: Fact, borne: Borne): PostingLine[] => {
  switch (borne.by) {
    case 'balance':
      return [
        debit(customerAccount(fact.agencyId, fact.customerId), borne.prepaid),
        debit(systemAccount(fact, 'losses', borne.losses.currency.code), borne.losses),
      ];
    case 'sale': {
      const currency = borne.tax.currency.code;
      return [
        debit(systemAccount(fact, 'subscription_revenue', currency), borne.subscriptionNet),
        debit(systemAccount(fact, 'overage_revenue', currency), borne.overageNet),
        debit(systemAccount(fact, 'tax_payable', currency), borne.tax),
        debit(systemAccount(fact, 'losses', currency), borne.losses),
      ];
    }
    case 'dispute_losses':
      return [debit(systemAccount(fact, 'dispute_losses', borne.amount.currency.code), borne.amount)];
  }
};

/** What leaves clearing, over the bridge that it came by. */
function leavingLines(fact: Fact, { credited, exact, charged }: Taken): PostingLine[] {
  const sold = credited.currency.code;
  const currency = charged.currency.code;
  const clearing = credit(systemAccount(fact, 'clearing', currency), charged);
  const rounding = systemAccount(fact, 'rounding', currency);
  if (sold === currency) return [debit(rounding, charged.minus(credited)), clearing];
  return [
    credit(systemAccount(fact, 'fx', sold), credited),
    debit(systemAccount(fact, 'fx', currency), exact),
    debit(rounding, charged.minus(exact)),
    clearing,
  ];
}

const mirrored = (lines: readonly PostingLine[]): PostingLine[] =>
  lines.map(({ account, amount }) => ({ account, amount: amount.negated() }));

const reserveLines = (fact: RefundReserve): PostingLine[] => [
  ...bearingLines(fact, fact.borne),
  credit(systemAccount(fact, 'refunds_pending', fact.credited.currency.code), fact.credited),
];

const takingLines = (fact: Taking): PostingLine[] => [
  ...bearingLines(fact, fact.borne),
  ...leavingLines(fact, fact.taken),
];

/** A refund was asked for: from now on nobody can spend it. */
export const reserveRefund = (fact: RefundReserve): Posting => transaction(fact, 'refund.reserve', reserveLines(fact));

/** A refund that was asked for is not made: what `borne` says has it back. */
export const releaseRefund = (fact: RefundReserve): Posting =>
  transaction(fact, 'refund.release', mirrored(reserveLines(fact)));

/** A refund that was asked for has left. */
export const settleRefund = (fact: RefundSettlement): Posting =>
  transaction(fact, 'refund.settle', [
    debit(systemAccount(fact, 'refunds_pending', fact.taken.credited.currency.code), fact.taken.credited),
    ...leavingLines(fact, fact.taken),
  ]);

/** A refund that had left came back: what `borne` says has it back. */
export const returnRefund = (fact: Taking): Posting => transaction(fact, 'refund.return', mirrored(takingLines(fact)));

/** A bank took money for a dispute. */
export const withdrawDispute = (fact: Taking): Posting => transaction(fact, 'dispute.withdraw', takingLines(fact));

/** A bank gave money of a dispute back: what `borne` says has it back. */
export const reinstateDispute = (fact: Taking): Posting =>
  transaction(fact, 'dispute.reinstate', mirrored(takingLines(fact)));

/** A top-up that had been paid was not, after all. What was taken back of it before stays taken. */
export const failTopUp = (fact: Taking): Posting => transaction(fact, 'topup.settle.reverse', takingLines(fact));

/** A sale that had been paid was not, after all. */
export const failInvoice = (fact: Taking): Posting => transaction(fact, 'invoice.settle.reverse', takingLines(fact));

/** The platform gave back of its part to the account that paid it: a posting in each one's books. */
export function returnShare(fact: ReturnedShare): readonly [Posting, Posting] {
  const platform = { ...fact, ...fact.platform };
  const currency = fact.platformPart.currency.code;
  return [
    transaction(fact, 'share.return', [
      debit(systemAccount(fact, 'clearing', currency), fact.platformPart),
      credit(systemAccount(fact, 'agency_fee_expense', currency), fact.platformPart),
    ]),
    transaction(platform, 'share.return', [
      debit(systemAccount(platform, 'platform_revenue', currency), fact.platformPart),
      credit(systemAccount(platform, 'clearing', currency), fact.platformPart),
    ]),
  ];
}

/** `charged` left the platform's account for an agency's client: what was owed to the agency is less, as is the platform's part. */
export function returnOwedShare(fact: ReturnedShare & { readonly charged: Money }): readonly [Posting, Posting] {
  const platform = { ...fact, ...fact.platform };
  const currency = fact.charged.currency.code;
  const agencyPart = fact.charged.minus(fact.platformPart);
  return [
    transaction(fact, 'share.return', [
      debit(systemAccount(fact, 'clearing', currency), fact.charged),
      credit(systemAccount(fact, 'agency_fee_expense', currency), fact.platformPart),
      credit(systemAccount(fact, 'receivable_from_platform', currency), agencyPart),
    ]),
    transaction(platform, 'share.return', [
      debit(systemAccount(platform, 'platform_revenue', currency), fact.platformPart),
      debit(systemAccount(platform, 'payable_to_agency', currency), agencyPart),
      credit(systemAccount(platform, 'clearing', currency), fact.charged),
    ]),
  ];
}
