import type { SharedOrder } from '../checkout/share-postings.ts';
import type { Borne } from '../ledger/reversal-postings.ts';
import { Money } from '../money/money.ts';
import { type BothSides, lesser, portion, type Split } from './taken-back.ts';

/** An order that was paid, as far as what goes back of its payments follows from it. */
export interface ReversedOrder extends SharedOrder {
  readonly id: string;
  readonly kind: string;
  readonly status: string;
  readonly credited: string;
  /** What was sold at its rate, unrounded, in the charge currency. */
  readonly exact: string;
  readonly tax: string;
  readonly overage: string;
  readonly provider: string;
  readonly provider_account_id: string;
}

/** Kinds that sold balance; the others sold something of their own. */
const soldBalance: ReadonlySet<string> = new Set(['top_up', 'refill']);

export const isTopUp = ({ kind }: Pick<ReversedOrder, 'kind'>): boolean => soldBalance.has(kind);

/** What one payment of the order brought. Nothing was credited for a sale: there, both sides are what was charged. */
export function paidOf(order: Pick<ReversedOrder, 'kind' | 'credited' | 'charged' | 'charge_currency'>): BothSides {
  const charged = Money.of(order.charged, order.charge_currency);
  return { charged, credited: isTopUp(order) ? Money.of(order.credited, 'USD') : charged };
}

/** What `charged` of the payment is unrounded: the bridge between the currencies closes by the share that has left. */
export const exactOf = (order: ReversedOrder, charged: Money): Money => {
  const paid = Money.of(order.charged, order.charge_currency);
  return isTopUp(order) ? portion(Money.of(order.exact, order.charge_currency), charged, paid) : charged;
};

/** What of the platform's part is gone where `left` of the payment is; never more than there was. */
export const platformPartOf = (order: ReversedOrder, left: Money): Money => {
  const part = Money.of(order.platform_share, order.charge_currency);
  return lesser(part, portion(part, left, Money.of(order.charged, order.charge_currency)));
};

export const borneByBalance = ({ prepaid, losses }: Split): Borne => ({ by: 'balance', prepaid, losses });

type Sale = Extract<Borne, { by: 'sale' }>;

/** A sale of which `undone` is given back: revenue and tax up to what was paid, and what is beyond that is lost. */
function saleUndone(order: ReversedOrder, undone: Money): Sale {
  const charged = Money.of(order.charged, order.charge_currency);
  const undoneAtMost = lesser(undone, charged);
  const tax = portion(Money.of(order.tax, order.charge_currency), undoneAtMost, charged);
  const overageNet = portion(Money.of(order.overage, order.charge_currency), undoneAtMost, charged);
  const subscriptionNet = undoneAtMost.minus(tax).minus(overageNet);
  return { by: 'sale', subscriptionNet, overageNet, tax, losses: undone.minus(undoneAtMost) };
}

/** What a sale bears when what is given back of it grows from `from` to `to`. */
export function borneBySale(order: ReversedOrder, from: Money, to: Money): Sale {
  const [before, after] = [saleUndone(order, from), saleUndone(order, to)];
  return {
    by: 'sale',
    subscriptionNet: after.subscriptionNet.minus(before.subscriptionNet),
    overageNet: after.overageNet.minus(before.overageNet),
    tax: after.tax.minus(before.tax),
    losses: after.losses.minus(before.losses),
  };
}
