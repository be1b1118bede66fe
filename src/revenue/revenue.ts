import type { TurnoverLine } from '../ledger/ledger.ts';
import { Money } from '../money/money.ts';

/** What a line of the report shows beside its group. Each is a sum of postings, never a figure of its own. */
export const measures = [
  'gross',
  'providerFee',
  'tax',
  'platformShare',
  'agencyShare',
  'refunds',
  'disputes',
  'overage',
] as const;
export type Measure = (typeof measures)[number];
export type Amounts = Readonly<Record<Measure, Money>>;

export interface RevenueLine extends Amounts {
  /** A UTC day, a plan's id or a client's id; null for what is about none. */
  readonly group: string | null;
  readonly currency: string;
}

interface Part {
  readonly account: TurnoverLine['account'];
  /** Only of these postings; left out: of all. */
  readonly posting?: string;
  readonly sign: 'added' | 'taken';
}

/** What left clearing again, and what of that came back. */
const refunds: readonly Part[] = [
  { account: 'clearing', posting: 'refund.settle', sign: 'taken' },
  { account: 'clearing', posting: 'refund.return', sign: 'taken' },
];
const disputes: readonly Part[] = [
  { account: 'clearing', posting: 'dispute.withdraw', sign: 'taken' },
  { account: 'clearing', posting: 'dispute.reinstate', sign: 'taken' },
];

/**
 * Which movements make which figure. An account of which every movement counts is equal to its balance; clearing, which later postings
 * empty again, counts by what filled it. The platform's books show its revenue where an agency's show its expense: no books have both.
 */
const parts: Readonly<Record<Measure, readonly Part[]>> = {
  gross: [
    { account: 'clearing', posting: 'topup.settle', sign: 'added' },
    { account: 'clearing', posting: 'invoice.settle', sign: 'added' },
    { account: 'manual_receipts', sign: 'added' },
  ],
  providerFee: [{ account: 'provider_fees', sign: 'added' }],
  tax: [{ account: 'tax_payable', sign: 'added' }],
  platformShare: [
    { account: 'agency_fee_expense', sign: 'added' },
    { account: 'platform_revenue', sign: 'added' },
  ],
  agencyShare: [
    { account: 'clearing', posting: 'topup.settle', sign: 'added' },
    { account: 'clearing', posting: 'invoice.settle', sign: 'added' },
    { account: 'manual_receipts', sign: 'added' },
    { account: 'agency_fee_expense', sign: 'taken' },
    ...refunds.map((part) => ({ ...part, sign: 'added' }) as const),
    ...disputes.map((part) => ({ ...part, sign: 'added' }) as const),
  ],
  refunds,
  disputes,
  overage: [{ account: 'overage_revenue', sign: 'added' }],
};

/** A posting that is taken back counts against what it had added. */
const isOf = (line: TurnoverLine, { account, posting }: Part): boolean =>
  line.account === account &&
  (posting === undefined || line.posting === posting || line.posting === `${posting}.reverse`);

function amountsOf(lines: readonly TurnoverLine[], currency: string): Amounts {
  const sumOf = (measure: Measure): Money =>
    parts[measure].reduce(
      (sum, part) =>
        lines
          .filter((line) => isOf(line, part))
          .reduce((total, { amount }) => (part.sign === 'added' ? total.plus(amount) : total.minus(amount)), sum),
      Money.zero(currency),
    );
  return {
    gross: sumOf('gross'),
    providerFee: sumOf('providerFee'),
    tax: sumOf('tax'),
    platformShare: sumOf('platformShare'),
    agencyShare: sumOf('agencyShare'),
    refunds: sumOf('refunds'),
    disputes: sumOf('disputes'),
    overage: sumOf('overage'),
  };
}

const isEmpty = (amounts: Amounts): boolean => measures.every((measure) => amounts[measure].isZero);

/** Apart by what `keyOf` says, in the order of their first appearance. */
function apart<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly (readonly Item[])[] {
  const piles = new Map<string, Item[]>();
  for (const item of items) {
    const pile = piles.get(keyOf(item));
    if (pile) pile.push(item);
    else piles.set(keyOf(item), [item]);
  }
  return [...piles.values()];
}

const currencyOf = ({ amount }: TurnoverLine): string => amount.currency.code;

/** One line per group and currency, in the order of the turnover. A group that only moved other accounts has none. */
export function revenueLines(turnover: readonly TurnoverLine[]): readonly RevenueLine[] {
  return apart(turnover, (line) => JSON.stringify([line.group, currencyOf(line)])).flatMap((lines) => {
    const [first] = lines;
    if (!first) return [];
    const currency = currencyOf(first);
    const amounts = amountsOf(lines, currency);
    return isEmpty(amounts) ? [] : [{ group: first.group, currency, ...amounts }];
  });
}

/** One line per currency, by its code. */
export function revenueTotals(turnover: readonly TurnoverLine[]): readonly (Amounts & { readonly currency: string })[] {
  return apart(turnover, currencyOf)
    .flatMap((lines) => {
      const [first] = lines;
      if (!first) return [];
      const currency = currencyOf(first);
      return [{ currency, ...amountsOf(lines, currency) }];
    })
    .filter((total) => !isEmpty(total))
    .sort((a, b) => (a.currency < b.currency ? -1 : 1));
}
