import type { Posting } from '../ledger/posting.ts';
import { drawUsage, reverse } from '../ledger/postings.ts';
import type { RatedGroup } from './group.ts';
import { drawnOf, readStanding } from './standing.ts';

/** In the books of an agency that has no account, and whose platform has none. */
const noAccount = 'none';

/** What the groups cost, as postings: one per period's totals, whatever the number of events. A cost that shrank is drawn back. */
export function drawsOf(groups: readonly RatedGroup[]): readonly Posting[] {
  return groups.flatMap((group): Posting[] => {
    const { key, draw, row, rated, units } = group;
    if (draw === null) return [];
    const before = drawnOf(row.collect, readStanding(row));
    const after = drawnOf(units[0].terms.collect, rated.standing);
    const net = after.net.minus(before.net);
    const tax = after.tax.minus(before.tax);
    const fact = {
      agencyId: key.agencyId,
      customerId: key.customerId,
      planId: units[0].place.version?.planId ?? null,
      merchantAccountId: units[0].place.accountId ?? noAccount,
      reference: draw,
      source: `usage:${units[0].event.id}`,
    };
    if (net.plus(tax).isPositive) return [drawUsage({ ...fact, net, tax })];
    return [reverse(drawUsage({ ...fact, net: net.negated(), tax: tax.negated() }), fact)];
  });
}
