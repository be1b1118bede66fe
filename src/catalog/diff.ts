import { type DesiredParts, type PartKey, type PartKind, productKey } from './part.ts';

/** A remote object that we made, as we remember it. `active`: it is the one that is sold now. */
export interface CatalogLink {
  readonly kind: PartKind;
  readonly key: PartKey;
  readonly remoteId: string;
  readonly fingerprint: string;
  readonly active: boolean;
}

export const catalogActions = ['create', 'update', 'archive'] as const;

/** One write that brings an account closer to what is desired. */
export interface CatalogOperation {
  readonly action: (typeof catalogActions)[number];
  readonly kind: PartKind;
  readonly planId: string;
  readonly merchantAccountId: string;
  readonly key: PartKey;
  readonly reason: string;
}

export interface DiffInput {
  readonly planId: string;
  readonly merchantAccountId: string;
  readonly desired: DesiredParts;
  readonly links: readonly CatalogLink[];
}

type Write = Pick<CatalogOperation, 'action' | 'kind' | 'key' | 'reason'>;

/** What happens to a part that is wanted: `current` is the fingerprint of what is there, absent where nothing is. */
type Change = (key: PartKey, current: string | undefined) => readonly Write[];

const shared =
  (kind: 'tax_rate' | 'meter', reason: string): Change =>
  (key) => [{ action: 'create', kind, key, reason }];

/** The rows say what a change of each kind takes: prices and tax rates never change, so that another one takes over. */
const changes = {
  tax_rate: shared('tax_rate', 'The plan’s tax is not in this account yet.'),
  meter: shared('meter', 'Overage that is invoiced needs a meter.'),
  product: (key, current) =>
    current === undefined
      ? [{ action: 'create', kind: 'product', key, reason: 'The plan is not in this account yet.' }]
      : [{ action: 'update', kind: 'product', key, reason: 'A newer version of the plan describes it otherwise.' }],
  price: (key, current) =>
    current === undefined
      ? [{ action: 'create', kind: 'price', key, reason: 'This part of the plan has no price in this account yet.' }]
      : [
          { action: 'create', kind: 'price', key, reason: 'The price, its tax or its rate changed.' },
          { action: 'archive', kind: 'price', key, reason: 'A new price took its place.' },
        ],
} as const satisfies Record<PartKind, Change>;

/** All parts of a plan in the order in which they are made: a price needs its product and its meter. */
const wantedParts = (desired: DesiredParts) => [
  ...desired.taxRates.map(({ key, fingerprint }) => ({ kind: 'tax_rate' as const, key, fingerprint })),
  ...desired.meters.map(({ key, fingerprint }) => ({ kind: 'meter' as const, key, fingerprint })),
  { kind: 'product' as const, key: productKey, fingerprint: desired.product.fingerprint },
  ...desired.prices.map(({ key, fingerprint }) => ({ kind: 'price' as const, key, fingerprint })),
];

/**
 * The writes between what we remember of an account and what is desired there, in the order in which they are made; empty when
 * nothing changed. A price never changes: the new one is made first, so that the plan is for sale at every moment. Tax
 * rates and meters that a plan no longer needs stay: other plans share them, and so do subscriptions of older versions.
 */
export function diff({ planId, merchantAccountId, desired, links }: DiffInput): readonly CatalogOperation[] {
  const live = new Map(links.filter(({ active }) => active).map((link) => [link.key, link]));
  const wanted = wantedParts(desired);
  const writes = wanted.flatMap(({ kind, key, fingerprint }): readonly Write[] => {
    const current = live.get(key)?.fingerprint;
    return current === fingerprint ? [] : changes[kind](key, current);
  });

  const keys = new Set(wanted.map(({ key }) => key));
  const gone = [...live.values()]
    .filter(({ kind, key }) => kind === 'price' && !keys.has(key))
    .map(({ key }): Write => ({ action: 'archive', kind: 'price', key, reason: 'The plan no longer sells this.' }));
  return [...writes, ...gone].map((write) => ({ ...write, planId, merchantAccountId }));
}
