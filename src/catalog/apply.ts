import { type Operation, type OperationDependencies, runOperation } from '../providers/operation.ts';
import type {
  AccountRef,
  CatalogMeter,
  CatalogPort,
  CatalogPrice,
  CatalogPriceSpec,
  CatalogProduct,
  MetersPort,
  TaxRatesPort,
} from '../providers/port.ts';
import type { CatalogLink } from './diff.ts';
import {
  type DesiredMeter,
  type DesiredParts,
  type DesiredPrice,
  type DesiredTaxRate,
  metadataKeys,
  type PartKey,
  type PartKind,
  type PriceContent,
} from './part.ts';

/** `revision` grows each time that the object is remembered anew. */
export interface StoredLink extends CatalogLink {
  readonly revision: number;
}

/** What we remember of one plan in one account. */
export interface LinkStore {
  load(): Promise<readonly StoredLink[]>;
  /** Makes `made` the live link of the part, in place of the one that was; null: the part has none any more. */
  replace(key: PartKey, made: Omit<CatalogLink, 'key' | 'active'> | null): Promise<void>;
  /** The remote object that another plan of the agency uses in this account, made from the same fingerprint. */
  findShared(kind: PartKind, fingerprint: string): Promise<string | null>;
  /** Runs `work` while nobody else makes what plans share under this name. */
  exclusively<Result>(name: string, work: () => Promise<Result>): Promise<Result>;
}

export interface ApplyInput {
  readonly catalog: CatalogPort;
  readonly operations: OperationDependencies;
  readonly links: LinkStore;
  readonly account: { readonly id: string; readonly ref: AccountRef };
  readonly planId: string;
  readonly version: number;
  readonly desired: DesiredParts;
  /** Names why something that was made before is made again, e.g. a drift finding: the write is then another operation. */
  readonly occasion?: string;
}

/**
 * Brings a plan in an account to what is desired, and can be begun again after a crash at any point: it starts from the prices that are
 * really there, makes the ones that are missing, archives every other live price of ours on the product (also what an
 * interrupted run left behind), and only then remembers the new one. It ends with exactly one live price per part.
 * Throws `ProviderError`.
 */
export async function applyPlan(input: ApplyInput): Promise<void> {
  const { desired } = input;
  const stored = await input.links.load();
  for (const taxRate of desired.taxRates) await applyTaxRate(input, taxRate, stored);
  const meterIds = new Map<PartKey, string>();
  for (const meter of desired.meters) meterIds.set(meter.key, await applyMeter(input, meter, stored));
  await applyProduct(input, stored);

  const onProduct = await input.catalog.pricesOfProduct(input.account.ref, desired.product.product.id);
  const live = onProduct.filter((price) => price.active && price.metadata[metadataKeys.plan] === input.planId);
  const wanted = new Map(desired.prices.map((price) => [price.key, price]));

  for (const key of new Set([...wanted.keys(), ...liveKeys(stored, 'price'), ...live.flatMap(partOf)])) {
    const asked = wanted.get(key);
    const made = asked ? await madePrice(input, asked, meterIds, live, stored) : null;
    for (const price of live) {
      if (partOf(price).includes(key) && price.id !== made?.id) await archive(input, price);
    }
    const link = asked && made ? ({ kind: 'price', remoteId: made.id, fingerprint: asked.fingerprint } as const) : null;
    if (!isRemembered(stored, key, link)) await input.links.replace(key, link);
  }

  const shared = new Set([...desired.taxRates, ...desired.meters].map(({ key }) => key));
  for (const key of [...liveKeys(stored, 'tax_rate'), ...liveKeys(stored, 'meter')]) {
    if (!shared.has(key)) await input.links.replace(key, null);
  }
}

const liveKeys = (links: readonly CatalogLink[], wanted: PartKind): PartKey[] =>
  links.filter(({ kind, active }) => kind === wanted && active).map(({ key }) => key);

const liveLink = (links: readonly CatalogLink[], key: PartKey): CatalogLink | undefined =>
  links.find((candidate) => candidate.active && candidate.key === key);

const isRemembered = (
  stored: readonly CatalogLink[],
  key: PartKey,
  link: { readonly remoteId: string; readonly fingerprint: string } | null,
): boolean => {
  const there = liveLink(stored, key);
  return there?.remoteId === link?.remoteId && there?.fingerprint === link?.fingerprint;
};

const partOf = (price: CatalogPrice): PartKey[] => {
  const part = price.metadata[metadataKeys.part];
  return part === undefined ? [] : [part];
};

const hasFingerprint = (object: { readonly metadata: CatalogProduct['metadata'] }, fingerprint: string): boolean =>
  object.metadata[metadataKeys.fingerprint] === fingerprint;

/** Enough of a sha256 to tell the makings of one part apart; the whole would crowd the operation's id. */
export const short = (fingerprint: string): string => fingerprint.slice(0, 16);

function run<T>(input: ApplyInput, operation: Operation<T>): Promise<T> {
  const id = input.occasion === undefined ? operation.id : `${operation.id}:${input.occasion}`;
  return runOperation(input.operations, { ...operation, id });
}

/** The remote object of a part that plans share: remembered, in use by another plan, or made now. */
async function applyShared(
  input: ApplyInput,
  part: { readonly kind: 'tax_rate' | 'meter'; readonly key: PartKey; readonly fingerprint: string },
  stored: readonly CatalogLink[],
  make: () => Promise<string>,
): Promise<string> {
  const { kind, key, fingerprint } = part;
  const link = liveLink(stored, key);
  if (link?.fingerprint === fingerprint) return link.remoteId;
  return input.links.exclusively(`${kind}:${fingerprint}`, async () => {
    const remoteId = (await input.links.findShared(kind, fingerprint)) ?? (await make());
    await input.links.replace(key, { kind, remoteId, fingerprint });
    return remoteId;
  });
}

function applyTaxRate(
  input: ApplyInput,
  { key, taxRate, fingerprint }: DesiredTaxRate,
  stored: readonly CatalogLink[],
): Promise<string> {
  const port: TaxRatesPort = required(input.catalog.taxRates, 'tax rates');
  const { ref } = input.account;
  return applyShared(input, { kind: 'tax_rate', key, fingerprint }, stored, async () => {
    const made = await run(input, {
      id: `catalog:${input.account.id}:tax:${short(fingerprint)}`,
      request: taxRate,
      call: (idempotencyKey) => port.create(ref, taxRate, { idempotencyKey }),
      lookUp: async () =>
        (await port.list(ref)).find((rate) => rate.active && hasFingerprint(rate, fingerprint)) ?? null,
    });
    return made.id;
  });
}

function applyMeter(
  input: ApplyInput,
  { key, meter, fingerprint }: DesiredMeter,
  stored: readonly CatalogLink[],
): Promise<string> {
  const port: MetersPort = required(input.catalog.meters, 'meters');
  const { id, ref } = input.account;
  return applyShared(input, { kind: 'meter', key, fingerprint }, stored, async () => {
    const made = await run<CatalogMeter>(input, {
      id: `catalog:${id}:meter:${short(fingerprint)}`,
      request: meter,
      call: (idempotencyKey) => port.create(ref, meter, { idempotencyKey }),
      lookUp: async () => (await port.list(ref)).find(({ eventName }) => eventName === meter.eventName) ?? null,
    });
    if (!made.active) {
      await run<CatalogMeter>(input, {
        id: `catalog:${id}:${made.id}:reactivate:${input.planId}:v${input.version}`,
        request: { meterId: made.id },
        call: (idempotencyKey) => port.reactivate(ref, made.id, { idempotencyKey }),
        lookUp: async () => (await port.list(ref)).find((there) => there.id === made.id && there.active) ?? null,
      });
    }
    return made.id;
  });
}

/** A plan that needs what the provider does not have is blocked before it gets here. */
function required<Port>(port: Port | undefined, name: string): Port {
  if (port === undefined) throw new Error(`a plan that needs ${name} was applied where there are none`);
  return port;
}

async function applyProduct(input: ApplyInput, stored: readonly StoredLink[]): Promise<void> {
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
    const revision = link ? await markChanging(input, link) : 0;
    await run(input, {
      // Taken out of sale and put back, a product becomes what it was before: each time is a write of its own.
      id: `${id('update')}:${revision}`,
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

/**
 * Forgets what the product was before it is written: after a crash it may be either, and going back must not find nothing to
 * do. Answers the revision that names the write; the same for another try.
 */
async function markChanging(
  input: ApplyInput,
  { key, kind, remoteId, fingerprint, revision }: StoredLink,
): Promise<number> {
  const changing = `changing:${input.desired.product.fingerprint}`;
  if (fingerprint === changing) return revision;
  await input.links.replace(key, { kind, remoteId, fingerprint: changing });
  return revision + 1;
}

/** What is sent for a price, once its meter has an id. */
export function priceSpec(content: PriceContent, meterIds: ReadonlyMap<PartKey, string>): CatalogPriceSpec {
  if (content.usage !== 'metered') return content;
  const { meterKey, ...spec } = content;
  const meterId = meterIds.get(meterKey);
  if (meterId === undefined)
    throw new Error(`a metered price names the meter ${meterKey}, which the plan does not have`);
  return { ...spec, meterId };
}

/** The live price that was asked for: the one that is there, or a new one, which takes the lookup key from its predecessor. */
async function madePrice(
  input: ApplyInput,
  asked: DesiredPrice,
  meterIds: ReadonlyMap<PartKey, string>,
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
  const spec = priceSpec(asked.price, meterIds);
  return run(input, {
    id: `catalog:${account.id}:${spec.lookupKey}:v${input.version}:${making}:${short(asked.fingerprint)}`,
    request: spec,
    call: (idempotencyKey) => catalog.createPrice(account.ref, spec, { idempotencyKey }),
    lookUp: async () => (await catalog.pricesByLookupKey(account.ref, [spec.lookupKey])).find(isAsked) ?? null,
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
