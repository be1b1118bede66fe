import { conflict } from '../errors.ts';
import { runOperation } from '../providers/operation.ts';
import type { CatalogPort } from '../providers/port.ts';
import { priceSpec } from './apply.ts';
import { factsOf, meterIdsOf, standingsInAccount } from './check-drift.ts';
import { type CarryDependencies, converge, lockNameOf } from './converge.ts';
import type { CarrierAccount } from './desired.ts';
import { type Finding, type FindingStatus, refreshDrifted, setFindingStatus } from './drift.store.ts';
import { type Difference, differencesOf, remotePrice } from './drift.ts';
import { linkStore } from './link.store.ts';
import { type DesiredParts, taxKey } from './part.ts';
import type { Standing } from './standing.ts';

/** A finding, the account that it is about, and one of the plans that have the object there, if any does. */
interface Case {
  readonly dependencies: CarryDependencies;
  readonly finding: Finding;
  readonly account: CarrierAccount;
  readonly catalog: CatalogPort;
  readonly standing: Standing | undefined;
}

/** A finding may come back: what is done about it then is another operation. */
const occasionOf = ({ id, foundAt }: Finding): string => `${id}:${foundAt.getTime()}`;

const prefixOf = ({ account, finding }: Case): string =>
  `catalog:${account.id}:${finding.remoteId}:${occasionOf(finding)}`;

interface Write {
  readonly request: object;
  readonly call: (idempotencyKey: string) => Promise<unknown>;
  readonly isDone: () => Promise<boolean>;
}

/** One write about the object of a finding. */
async function write(about: Case, name: string, { request, call, isDone }: Write): Promise<void> {
  await runOperation<true>(about.dependencies.operations, {
    id: `${prefixOf(about)}:${name}`,
    request,
    call: async (idempotencyKey) => {
      await call(idempotencyKey);
      return true;
    },
    lookUp: async () => ((await isDone()) ? true : null),
  });
}

/** The port of what the finding is about: it was listed there, so that a missing one is a mistake of ours. */
function portOf<Port>(port: Port | undefined): Port {
  if (port === undefined) throw new Error('the provider lost a capability that it listed objects of');
  return port;
}

const byId = <Found extends { readonly id: string }>(objects: readonly Found[], id: string): Found | undefined =>
  objects.find((object) => object.id === id);

type Answer = (about: Case) => Promise<void>;

/** Takes out of sale what looks like ours and is not. */
const retire = {
  product: (about) => setProduct(about, { active: false }),
  price: (about) => archivePrice(about, about.finding.remoteId),
  tax_rate: (about) => setTaxRate(about, { active: false }),
  meter: async (about) => {
    const { catalog, account, finding } = about;
    const meters = portOf(catalog.meters);
    await write(about, 'deactivate', {
      request: { meterId: finding.remoteId },
      call: (idempotencyKey) => meters.deactivate(account.ref, finding.remoteId, { idempotencyKey }),
      isDone: async () => byId(await meters.list(account.ref), finding.remoteId)?.active === false,
    });
  },
} as const satisfies Record<Finding['kind'], Answer>;

/** Writes an edited or archived object as it should be. What cannot be written any more is made anew. */
const rewrite = {
  product: (about) => {
    const { id: _, ...product } = partsOf(about).product.product;
    return setProduct(about, product);
  },
  price: async (about) => {
    if (about.finding.differences.some(({ field }) => !changeable(field))) return remake(about);
    const asked = partsOf(about).prices.find(({ key }) => key === about.finding.key);
    if (!asked) return retire.price(about);
    const { lookupKey, metadata } = asked.price;
    await updatePrice(about, { active: true, lookupKey, metadata });
  },
  tax_rate: async (about) => {
    const taxRate = partsOf(about).taxRates.find(({ key }) => key === taxKey)?.taxRate;
    if (!taxRate) return retire.tax_rate(about);
    const { displayName, metadata } = taxRate;
    await setTaxRate(about, { active: true, displayName, metadata });
  },
  meter: async (about) => {
    const { catalog, account, finding } = about;
    const meters = portOf(catalog.meters);
    const meter = partsOf(about).meters.find(({ key }) => key === finding.key)?.meter;
    if (!meter) return retire.meter(about);
    const there = async () => byId(await meters.list(account.ref), finding.remoteId);
    await write(about, 'reactivate', {
      request: { meterId: finding.remoteId },
      call: (idempotencyKey) => meters.reactivate(account.ref, finding.remoteId, { idempotencyKey }),
      isDone: async () => (await there())?.active === true,
    });
    await write(about, 'rename', {
      request: { displayName: meter.displayName },
      call: (idempotencyKey) => meters.rename(account.ref, finding.remoteId, meter.displayName, { idempotencyKey }),
      isDone: async () => (await there())?.displayName === meter.displayName,
    });
  },
} as const satisfies Record<Finding['kind'], Answer>;

/** What a provider lets us change of a price; everything else is a price of its own. */
const changeable = (field: string): boolean => field === 'lookupKey' || field.startsWith('metadata.');

function partsOf({ standing }: Case): DesiredParts {
  if (!standing || standing.desired.blocked !== null) throw noLonger();
  return standing.desired;
}

const noLonger = (): Error =>
  conflict('drift_outdated', 'The plan is no longer carried as it was found: check for drift again.');

async function setProduct(about: Case, change: Parameters<CatalogPort['updateProduct']>[2]): Promise<void> {
  const { catalog, account, finding } = about;
  await write(about, 'update', {
    request: change,
    call: (idempotencyKey) => catalog.updateProduct(account.ref, finding.remoteId, change, { idempotencyKey }),
    isDone: async () => {
      const there = await catalog.retrieveProduct(account.ref, finding.remoteId);
      return there !== null && there.active === change.active && (change.name ?? there.name) === there.name;
    },
  });
}

async function setTaxRate(
  about: Case,
  change: Parameters<NonNullable<CatalogPort['taxRates']>['update']>[2],
): Promise<void> {
  const { catalog, account, finding } = about;
  const taxRates = portOf(catalog.taxRates);
  await write(about, 'update', {
    request: change,
    call: (idempotencyKey) => taxRates.update(account.ref, finding.remoteId, change, { idempotencyKey }),
    isDone: async () => {
      const there = byId(await taxRates.list(account.ref), finding.remoteId);
      return there?.active === change.active && (change.displayName ?? there?.displayName) === there?.displayName;
    },
  });
}

async function updatePrice(about: Case, change: Parameters<CatalogPort['updatePrice']>[2]): Promise<void> {
  const { catalog, account, finding } = about;
  await write(about, 'update', {
    request: change,
    call: (idempotencyKey) => catalog.updatePrice(account.ref, finding.remoteId, change, { idempotencyKey }),
    isDone: async () => {
      const there = byId(await catalog.listPrices(account.ref), finding.remoteId);
      return there?.active === change.active && there?.lookupKey === change.lookupKey;
    },
  });
}

async function archivePrice(about: Case, priceId: string): Promise<void> {
  const { catalog, account } = about;
  await write(about, `archive:${priceId}`, {
    request: { priceId },
    call: (idempotencyKey) => catalog.archivePrice(account.ref, priceId, { idempotencyKey }),
    isDone: async () => byId(await catalog.listPrices(account.ref), priceId)?.active === false,
  });
}

const linksOf = ({ dependencies, standing }: Case) => {
  if (!standing) throw noLonger();
  const { database, clock, locks } = dependencies;
  return linkStore(database, clock, locks, standing.where);
};

const pairOf = ({ standing }: Case) => {
  if (!standing) throw noLonger();
  const { agencyId, planId } = standing.where;
  return { key: { agencyId, planId }, account: standing.account };
};

/** Forgets the object, so that the plan is carried with a new one. */
async function makeAnew(about: Case): Promise<void> {
  if (about.finding.key !== null) await linksOf(about).replace(about.finding.key, null);
  await converge(about.dependencies, pairOf(about), occasionOf(about.finding));
}

async function remake(about: Case): Promise<void> {
  await archivePrice(about, about.finding.remoteId);
  await makeAnew(about);
}

const restorations = {
  unknown: (about) => retire[about.finding.kind](about),
  deleted: makeAnew,
  archived: (about) => rewrite[about.finding.kind](about),
  edited: (about) => rewrite[about.finding.kind](about),
} as const satisfies Record<Finding['problem'], Answer>;

/** Brings the object back to what we made, or takes one out of sale that is not ours. Throws `ProviderError`. */
export const restore: Answer = async (about) => {
  await restorations[about.finding.problem](about);
  await settle(about, 'restored');
};

/** Leaves the object as it is, without another word until it changes again. */
export const ignore: Answer = (about) => settle(about, 'ignored');

const adoptable = (differences: readonly Difference[]): boolean =>
  differences.every(({ field }) => changeable(field) || texts.has(field));

const texts: ReadonlySet<string> = new Set(['name', 'description', 'displayName']);

const refuseAdoption = (why: string): Error => conflict('drift_adoption_refused', `${why} Restore it, or ignore it.`);

/**
 * Takes the object over as it is: an edited text stays until the plan's next version, and a price that stands for a part of a plan
 * becomes the one that is sold. Throws `AppError` 409 `drift_adoption_refused` where amount, interval, currency or active flag differ.
 */
export const adopt: Answer = async (about) => {
  const { problem, kind } = about.finding;
  if (problem === 'archived' || problem === 'deleted') {
    throw refuseAdoption('What is not for sale any more cannot be taken over.');
  }
  if (problem === 'edited' && !adoptable(about.finding.differences)) {
    const fields = about.finding.differences.map(({ field }) => field).join(', ');
    throw refuseAdoption(`It differs in what may not differ (${fields}).`);
  }
  if (problem === 'unknown') {
    if (kind !== 'price') throw refuseAdoption(`No plan of ours has a place for another ${kind}.`);
    await adoptPrice(about);
  }
  await settle(about, 'adopted');
};

async function adoptPrice(about: Case): Promise<void> {
  const { catalog, account, finding, standing, dependencies } = about;
  const asked = standing && partsOf(about).prices.find(({ key }) => key === finding.key);
  if (!standing || !asked) throw refuseAdoption('It stands for nothing that a plan of ours sells.');
  await dependencies.locks.hold(lockNameOf(standing.where), async () => {
    const there = byId(await catalog.listPrices(account.ref), finding.remoteId);
    if (!there?.active) throw refuseAdoption('What is not for sale any more cannot be taken over.');
    const meterIds = meterIdsOf(standing);
    const wanted = factsOf(partsOf(about), meterIds).get(asked.key) ?? {};
    const differing = differencesOf(wanted, remotePrice(there).facts).filter(({ field }) => !changeable(field));
    if (differing.length > 0) {
      const shown = differing.map(({ field, expected, found }) => `${field} is ${found}, not ${expected}`).join('; ');
      throw refuseAdoption(`It is another price: ${shown}.`);
    }
    const { lookupKey, metadata } = priceSpec(asked.price, meterIds);
    await updatePrice(about, { active: true, lookupKey, metadata });
    const sold = standing.links.find(({ key }) => key === asked.key);
    if (sold && sold.remoteId !== there.id) await archivePrice(about, sold.remoteId);
    const link = { kind: 'price', remoteId: there.id, fingerprint: asked.fingerprint } as const;
    await linksOf(about).replace(asked.key, link);
  });
}

async function settle({ dependencies, finding }: Case, status: FindingStatus): Promise<void> {
  const { database, clock } = dependencies;
  await setFindingStatus(database.pool, finding, status, clock.now());
  await refreshDrifted(database.pool, finding.merchantAccountId, clock.now());
}

/** The plan whose part the finding is about; for what plans share, any of them. */
async function standingFor(dependencies: CarryDependencies, account: CarrierAccount, finding: Finding) {
  const standings = await standingsInAccount(dependencies.database.pool, account);
  return standings.find(({ where, links }) =>
    finding.planId === null
      ? where.agencyId === finding.agencyId && links.some(({ remoteId }) => remoteId === finding.remoteId)
      : where.planId === finding.planId,
  );
}

/** Everything about a finding that an answer needs. Throws `AppError` 409 where the account cannot be reached. */
export async function openCase(
  dependencies: CarryDependencies,
  account: CarrierAccount | undefined,
  finding: Finding,
): Promise<Case> {
  const catalog = account && dependencies.providers[account.provider]?.catalog;
  if (!account || !catalog)
    throw conflict('account_not_ready', 'The account cannot be reached: connect it again first.');
  return { dependencies, finding, account, catalog, standing: await standingFor(dependencies, account, finding) };
}
