import { type Operation, type OperationDependencies, runOperation } from '../providers/operation.ts';
import type { AccountRef, CatalogPort, CatalogPrice, CatalogProduct } from '../providers/port.ts';
import { type DesiredPrice, type DesiredProduct, metadataKeys, type PartKey } from './desired.ts';
import type { CatalogLink } from './diff.ts';

/** What we remember of one plan in one account. */
export interface LinkStore {
  load(): Promise<readonly CatalogLink[]>;
  /** Makes `made` the live link of the part, in place of the one that was; null: the part has none any more. */
  replace(key: PartKey, made: Omit<CatalogLink, 'key' | 'active'> | null): Promise<void>;
}

export interface ApplyInput {
  readonly catalog: CatalogPort;
  readonly operations: OperationDependencies;
  readonly links: LinkStore;
  readonly account: { readonly id: string; readonly ref: AccountRef };
  readonly planId: string;
  readonly version: number;
  readonly desired: { readonly product: DesiredProduct; readonly prices: readonly DesiredPrice[] };
}

/**
 * Brings a plan in an account to what is desired, and can be begun again after a crash at any point: it starts from the prices that are
 * really there, makes the ones that are missing, archives every other live price of ours on the product (also what an
 * interrupted run left behind), and only then remembers the new one. It ends with exactly one live price per cycle.
 * Throws `ProviderError`.
 */
export async function applyPlan(input: ApplyInput): Promise<void> {
  const stored = await input.links.load();
  await applyProduct(input, stored);

  const onProduct = await input.catalog.pricesOfProduct(input.account.ref, input.desired.product.product.id);
  const live = onProduct.filter((price) => price.active && price.metadata[metadataKeys.plan] === input.planId);
  const wanted = new Map(input.desired.prices.map((price) => [price.key, price]));

  for (const key of new Set([...wanted.keys(), ...liveKeys(stored), ...live.flatMap(partOf)])) {
    const asked = wanted.get(key);
    const made = asked ? await madePrice(input, asked, live, stored) : null;
    for (const price of live) {
      if (partOf(price).includes(key) && price.id !== made?.id) await archive(input, price);
    }
    const link = asked && made ? ({ kind: 'price', remoteId: made.id, fingerprint: asked.fingerprint } as const) : null;
    await input.links.replace(key, link);
  }
}

const liveKeys = (links: readonly CatalogLink[]): PartKey[] =>
  links.filter(({ kind, active }) => kind === 'price' && active).map(({ key }) => key);

const partOf = (price: CatalogPrice): PartKey[] => {
  const part = price.metadata[metadataKeys.part];
  return part === undefined ? [] : [part];
};

const hasFingerprint = (object: CatalogProduct | CatalogPrice, fingerprint: string): boolean =>
  object.metadata[metadataKeys.fingerprint] === fingerprint;

/** Enough of a sha256 to tell the makings of one part apart; the whole would crowd the operation's id. */
const short = (fingerprint: string): string => fingerprint.slice(0, 16);

const run = <T>(input: ApplyInput, operation: Operation<T>): Promise<T> => runOperation(input.operations, operation);

async function applyProduct(input: ApplyInput, stored: readonly CatalogLink[]): Promise<void> {
  const { catalog, account } = input;
  const { key, product, fingerprint } = input.desired.product;
  const link = stored.find((candidate) => candidate.active && candidate.key === key);
  if (link?.fingerprint === fingerprint) return;

  const id = (action: string): string => `catalog:${account.id}:${product.id}:${action}:${short(fingerprint)}`;
  const retrieve = (): Promise<CatalogProduct | null> => catalog.retrieveProduct(account.ref, product.id);
  const create = (): Promise<CatalogProduct> =>
    run(input, {
      id: id('create'),
      request: product,
      call: (idempotencyKey) => catalog.createProduct(account.ref, product, { idempotencyKey }),
      lookUp: retrieve,
    });

  // A product of an earlier run whose link was lost is answered as it was made then, and may describe an older version.
  const made = link ? null : await create();
  if (made === null || !hasFingerprint(made, fingerprint)) {
    const { id: _, ...change } = product;
    await run(input, {
      id: id('update'),
      request: product,
      call: (idempotencyKey) => catalog.updateProduct(account.ref, product.id, change, { idempotencyKey }),
      lookUp: async () => {
        const there = await retrieve();
        return there && hasFingerprint(there, fingerprint) ? there : null;
      },
    });
  }
  await input.links.replace(key, { kind: 'product', remoteId: product.id, fingerprint });
}

/** The live price that was asked for: the one that is there, or a new one, which takes the lookup key from its predecessor. */
async function madePrice(
  input: ApplyInput,
  asked: DesiredPrice,
  live: readonly CatalogPrice[],
  stored: readonly CatalogLink[],
): Promise<CatalogPrice> {
  const { catalog, account } = input;
  const isAsked = (price: CatalogPrice): boolean =>
    price.active && price.lookupKey === asked.price.lookupKey && hasFingerprint(price, asked.fingerprint);
  const there = live.find(isAsked);
  if (there) return there;
  // A price that went away and is asked for again is another making: it needs an operation of its own.
  const making = stored.filter(({ key }) => key === asked.key).length;
  return run(input, {
    id: `catalog:${account.id}:${asked.price.lookupKey}:v${input.version}:${making}:${short(asked.fingerprint)}`,
    request: asked.price,
    call: (idempotencyKey) => catalog.createPrice(account.ref, asked.price, { idempotencyKey }),
    lookUp: async () => (await catalog.pricesByLookupKey(account.ref, [asked.price.lookupKey])).find(isAsked) ?? null,
  });
}

async function archive(input: ApplyInput, price: CatalogPrice): Promise<void> {
  const { catalog, account } = input;
  await run(input, {
    id: `catalog:${account.id}:${price.id}:archive:v${input.version}`,
    request: { priceId: price.id },
    call: (idempotencyKey) => catalog.archivePrice(account.ref, price.id, { idempotencyKey }),
    lookUp: async () => {
      const prices = await catalog.pricesOfProduct(account.ref, price.productId);
      return prices.find(({ id, active }) => id === price.id && !active) ?? null;
    },
  });
}
