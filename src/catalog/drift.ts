import { lookupKeyPrefix, ownNamePrefix } from '../providers/metadata.ts';
import type {
  AccountRef,
  CatalogMeter,
  CatalogPort,
  CatalogPrice,
  CatalogPriceSpec,
  CatalogProduct,
  CatalogTaxRate,
  MeterSpec,
  TaxRateSpec,
} from '../providers/port.ts';
import { fingerprint, metadataKeys, type PartKey, type PartKind } from './part.ts';

export const driftProblems = ['edited', 'archived', 'deleted', 'unknown'] as const;
export type DriftProblem = (typeof driftProblems)[number];

/** What a remote object says about itself, flat, so that two of them compare field by field. */
export type Facts = Readonly<Record<string, string | null>>;

/** An object that we made and still sell. */
export interface ExpectedObject {
  readonly kind: PartKind;
  readonly remoteId: string;
  readonly agencyId: string;
  /** Null for what several plans share. */
  readonly planId: string | null;
  readonly key: PartKey;
  readonly facts: Facts;
}

/** An object as the provider has it. */
export interface RemoteObject {
  readonly kind: PartKind;
  readonly remoteId: string;
  readonly active: boolean;
  readonly facts: Facts;
  /** It carries our marks: made by us, or by somebody who copied them. */
  readonly isMarked: boolean;
  /** What its marks say it belongs to. */
  readonly agencyId: string | null;
  readonly planId: string | null;
  readonly key: PartKey | null;
}

export interface Difference {
  readonly field: string;
  readonly expected: string | null;
  readonly found: string | null;
}

/** One object that is not as we left it. */
export interface Drift {
  readonly kind: PartKind;
  readonly remoteId: string;
  readonly agencyId: string | null;
  readonly planId: string | null;
  readonly key: PartKey | null;
  readonly problem: DriftProblem;
  readonly differences: readonly Difference[];
  /** Hash of what was seen: an answer that a person gave holds until this changes. */
  readonly observation: string;
}

export interface Comparison {
  readonly expected: readonly ExpectedObject[];
  readonly remote: readonly RemoteObject[];
  /** Names of all objects that we ever made in the account, also those that are no longer sold; see `objectName`. */
  readonly known: ReadonlySet<string>;
  /** Plans that are being carried at this moment: what is made for them may not be remembered yet. */
  readonly inFlight: ReadonlySet<string>;
}

export interface DriftReport {
  readonly drifts: readonly Drift[];
  /** Objects of other business beside ours: counted, and no reason for alarm. */
  readonly foreign: number;
}

export const objectName = ({ kind, remoteId }: Pick<RemoteObject, 'kind' | 'remoteId'>): string =>
  `${kind} ${remoteId}`;

export function differencesOf(expected: Facts, found: Facts): readonly Difference[] {
  return Object.entries(expected).flatMap(([field, value]) => {
    const other = found[field] ?? null;
    return other === value ? [] : [{ field, expected: value, found: other }];
  });
}

const named = (drift: Omit<Drift, 'observation'>): Drift => ({
  ...drift,
  observation: fingerprint({ problem: drift.problem, differences: drift.differences }),
});

/** Compares what we made with what is there; each object is looked at once. */
export function findDrift({ expected, remote, known, inFlight }: Comparison): DriftReport {
  const there = new Map(remote.map((object) => [objectName(object), object]));
  const drifts: Drift[] = [];
  for (const { facts, ...subject } of expected) {
    const found = there.get(objectName(subject));
    if (!found) {
      drifts.push(named({ ...subject, problem: 'deleted', differences: [] }));
      continue;
    }
    const differences = differencesOf(facts, found.facts);
    if (!found.active) drifts.push(named({ ...subject, problem: 'archived', differences }));
    else if (differences.length > 0) drifts.push(named({ ...subject, problem: 'edited', differences }));
  }

  let foreign = 0;
  for (const object of remote) {
    const { kind, remoteId, agencyId, planId, key } = object;
    if (known.has(objectName(object))) continue;
    if (!object.isMarked) foreign += 1;
    else if (object.active && (planId === null || !inFlight.has(planId))) {
      const differences = Object.entries(object.facts).map(([field, found]) => ({ field, expected: null, found }));
      drifts.push(named({ kind, remoteId, agencyId, planId, key, problem: 'unknown', differences }));
    }
  }
  return { drifts, foreign };
}

/** Our keys, but for the version: a price and a tax rate keep the one that they were first made for. */
const marks = (metadata: CatalogProduct['metadata'], omitted: readonly string[] = []): Facts =>
  Object.fromEntries(
    Object.values(metadataKeys)
      .filter((name) => !omitted.includes(name))
      .map((name) => [`metadata.${name}`, metadata[name] ?? null]),
  );

export const productFacts = ({ name, description, metadata }: Omit<CatalogProduct, 'id'>): Facts => ({
  name,
  description,
  ...marks(metadata),
});

type PriceLike = Omit<CatalogPriceSpec, 'usage' | 'lookupKey'> & {
  readonly usage: CatalogPriceSpec['usage'];
  readonly lookupKey: string | null;
  readonly cycle?: CatalogPrice['cycle'];
  readonly meterId?: string | null;
};

export const priceFacts = (price: PriceLike): Facts => ({
  lookupKey: price.lookupKey,
  amount: price.amount.toDecimalString(),
  currency: price.amount.currency.code,
  usage: price.usage,
  interval: price.cycle ?? null,
  meter: price.meterId ?? null,
  taxBehavior: price.taxBehavior,
  product: price.productId,
  ...marks(price.metadata, [metadataKeys.version]),
});

export const taxRateFacts = ({ displayName, percentage, inclusive, metadata }: TaxRateSpec): Facts => ({
  displayName,
  percentage,
  inclusive: String(inclusive),
  ...marks(metadata, [metadataKeys.version, metadataKeys.plan]),
});

type MeterLike = Omit<MeterSpec, 'aggregation'> & Pick<CatalogMeter, 'aggregation'>;

export const meterFacts = ({ eventName, displayName, aggregation }: MeterLike): Facts => ({
  eventName,
  displayName,
  aggregation,
});

const ownerOf = (metadata: CatalogProduct['metadata']) => ({
  agencyId: metadata[metadataKeys.agency] ?? null,
  planId: metadata[metadataKeys.plan] ?? null,
  key: metadata[metadataKeys.part] ?? null,
});

const isMarkedBy = (metadata: CatalogProduct['metadata']): boolean =>
  Object.keys(metadata).some((name) => name.startsWith(ownNamePrefix));

const remoteProduct = (product: CatalogProduct): RemoteObject => ({
  kind: 'product',
  remoteId: product.id,
  active: product.active,
  facts: productFacts(product),
  isMarked: product.id.startsWith(ownNamePrefix) || isMarkedBy(product.metadata),
  ...ownerOf(product.metadata),
});

export const remotePrice = (price: CatalogPrice): RemoteObject => ({
  kind: 'price',
  remoteId: price.id,
  active: price.active,
  facts: priceFacts(price),
  isMarked: (price.lookupKey?.startsWith(lookupKeyPrefix) ?? false) || isMarkedBy(price.metadata),
  ...ownerOf(price.metadata),
});

const remoteTaxRate = (rate: CatalogTaxRate): RemoteObject => ({
  kind: 'tax_rate',
  remoteId: rate.id,
  active: rate.active,
  facts: taxRateFacts(rate),
  isMarked: true,
  ...ownerOf(rate.metadata),
});

const remoteMeter = (meter: CatalogMeter): RemoteObject => ({
  kind: 'meter',
  remoteId: meter.id,
  active: meter.active,
  facts: meterFacts(meter),
  isMarked: true,
  agencyId: null,
  planId: null,
  key: null,
});

/** Everything in an account that may be ours. Throws `ProviderError`. */
export async function readRemote(catalog: CatalogPort, account: AccountRef): Promise<readonly RemoteObject[]> {
  return [
    ...(await catalog.listProducts(account)).map(remoteProduct),
    ...(await catalog.listPrices(account)).map(remotePrice),
    ...((await catalog.taxRates?.list(account)) ?? []).map(remoteTaxRate),
    ...((await catalog.meters?.list(account)) ?? []).map(remoteMeter),
  ];
}
