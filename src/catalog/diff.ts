import type { DesiredPrice, DesiredProduct, PartKey } from './desired.ts';

/** A remote object that we made, as we remember it. `active`: it is the one that is sold now. */
export interface CatalogLink {
  readonly kind: 'product' | 'price';
  readonly key: PartKey;
  readonly remoteId: string;
  readonly fingerprint: string;
  readonly active: boolean;
}

/** One write that brings an account closer to what is desired. */
export interface CatalogOperation {
  readonly action: 'create' | 'update' | 'archive';
  readonly kind: 'product' | 'price';
  readonly planId: string;
  readonly merchantAccountId: string;
  readonly key: PartKey;
  readonly reason: string;
}

export interface DiffInput {
  readonly planId: string;
  readonly merchantAccountId: string;
  readonly desired: { readonly product: DesiredProduct; readonly prices: readonly DesiredPrice[] };
  readonly links: readonly CatalogLink[];
}

/**
 * The writes between what we remember of an account and what is desired there, in the order in which they are made; empty when
 * nothing changed. A price never changes: the new one is made first, so that the plan is for sale at every moment.
 */
export function diff({ planId, merchantAccountId, desired, links }: DiffInput): readonly CatalogOperation[] {
  const live = new Map(links.filter(({ active }) => active).map((link) => [link.key, link]));
  const where = { planId, merchantAccountId };
  const operations: CatalogOperation[] = [];

  const product = live.get(desired.product.key);
  const productPart = { ...where, kind: 'product', key: desired.product.key } as const;
  if (!product) {
    operations.push({ ...productPart, action: 'create', reason: 'The plan is not in this account yet.' });
  } else if (product.fingerprint !== desired.product.fingerprint) {
    operations.push({
      ...productPart,
      action: 'update',
      reason: 'A newer version of the plan describes it otherwise.',
    });
  }

  for (const { key, fingerprint } of desired.prices) {
    const current = live.get(key);
    if (current?.fingerprint === fingerprint) continue;
    const part = { ...where, kind: 'price', key } as const;
    const reason = current ? 'The price, its tax or its rate changed.' : 'The cycle has no price in this account yet.';
    operations.push({ ...part, action: 'create', reason });
    if (current) operations.push({ ...part, action: 'archive', reason: 'A new price took its place.' });
  }

  const wanted = new Set(desired.prices.map(({ key }) => key));
  for (const { kind, key } of live.values()) {
    if (kind !== 'price' || wanted.has(key)) continue;
    operations.push({ ...where, action: 'archive', kind, key, reason: 'The plan is no longer sold for this cycle.' });
  }
  return operations;
}
