import { type CarrierAccount, desired } from './desired.ts';
import { type CatalogLink, type CatalogOperation, diff } from './diff.ts';
import { productKey } from './part.ts';
import type { PlanDocument } from './plan-document.ts';

/** A write that publishing a plan makes in each account. `amount` is in the plan's currency; null where it makes no price. */
export interface ForeseenWrite extends Pick<CatalogOperation, 'action' | 'kind' | 'key'> {
  readonly amount: string | null;
}

/** An account that charges what the plan is written in: what is foreseen holds for each account, at its own rate. */
const accountIn = (currency: string): CarrierAccount => ({
  id: 'account',
  provider: 'stripe',
  ref: { id: 'account', platform: true },
  chargeCurrency: currency,
  effectiveCurrency: currency,
  usdRate: '1',
});

const partsOf = (plan: PlanDocument, version: number) => {
  const parts = desired({ agencyId: 'agency', planId: 'plan', version, plan }, accountIn(plan.currency));
  if (parts.blocked !== null) throw new Error(parts.blocked);
  return parts;
};

/** What publishing `after` writes where `before` is sold, or, with nothing there, where nothing is. */
export function foreseenWrites(before: PlanDocument | undefined, after: PlanDocument): readonly ForeseenWrite[] {
  const links: CatalogLink[] = [];
  if (before !== undefined) {
    const { taxRates, meters, product, prices } = partsOf(before, 1);
    const link = { remoteId: 'object', active: true };
    for (const { key, fingerprint } of taxRates) links.push({ ...link, kind: 'tax_rate', key, fingerprint });
    for (const { key, fingerprint } of meters) links.push({ ...link, kind: 'meter', key, fingerprint });
    links.push({ ...link, kind: 'product', key: productKey, fingerprint: product.fingerprint });
    for (const { key, fingerprint } of prices) links.push({ ...link, kind: 'price', key, fingerprint });
  }
  const wanted = partsOf(after, 2);
  const amounts = new Map(wanted.prices.map(({ key, price }) => [key, price.amount.toString()]));
  return diff({ planId: 'plan', merchantAccountId: 'account', desired: wanted, links }).map(
    ({ action, kind, key }) => ({
      action,
      kind,
      key,
      amount: action === 'create' ? (amounts.get(key) ?? null) : null,
    }),
  );
}
