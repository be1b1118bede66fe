import { z } from 'zod';
import { inTransaction, type Sql } from '../database/database.ts';
import { errorMessage } from '../errors.ts';
import { ProviderError } from '../providers/errors.ts';
import { priceSpec } from './apply.ts';
import { type OwnedAccount, readyAccounts } from './carriers.ts';
import type { CarryDependencies } from './converge.ts';
import type { CarrierAccount } from './desired.ts';
import { loadChecks, refreshDrifted, saveCheck, saveFindings } from './drift.store.ts';
import {
  type ExpectedObject,
  type Facts,
  findDrift,
  meterFacts,
  objectName,
  priceFacts,
  productFacts,
  readRemote,
  taxRateFacts,
} from './drift.ts';
import { type DesiredParts, type PartKey, partKinds, productKey } from './part.ts';
import { type Standing, standingsOf } from './standing.ts';

/** Part -> what its object should say about itself. Prices name the meter by the id that it has in the account. */
export function factsOf(parts: DesiredParts, meterIds: ReadonlyMap<PartKey, string>): ReadonlyMap<PartKey, Facts> {
  // A meter that is not there yet has prices that are not there yet either.
  const made = parts.prices.filter(({ price }) => price.usage !== 'metered' || meterIds.has(price.meterKey));
  return new Map([
    ...parts.taxRates.map(({ key, taxRate }) => [key, taxRateFacts(taxRate)] as const),
    ...parts.meters.map(({ key, meter }) => [key, meterFacts(meter)] as const),
    [productKey, productFacts(parts.product.product)] as const,
    ...made.map(({ key, price }) => [key, priceFacts(priceSpec(price, meterIds))] as const),
  ]);
}

export const meterIdsOf = ({ links }: Pick<Standing, 'links'>): ReadonlyMap<PartKey, string> =>
  new Map(links.filter(({ kind }) => kind === 'meter').map(({ key, remoteId }) => [key, remoteId]));

const fingerprintsOf = (parts: DesiredParts): ReadonlyMap<PartKey, string> =>
  new Map(
    [...parts.taxRates, ...parts.meters, parts.product, ...parts.prices].map(({ key, fingerprint }) => [
      key,
      fingerprint,
    ]),
  );

/** What the plan should have in the account, of what we remember making: whatever is about to change is left out. */
function expectedOf(standing: Standing): readonly ExpectedObject[] {
  const { desired, links, where } = standing;
  if (desired.blocked !== null || standing.status === 'pending') return [];
  const facts = factsOf(desired, meterIdsOf(standing));
  const fingerprints = fingerprintsOf(desired);
  return links.flatMap(({ kind, key, remoteId, fingerprint }): ExpectedObject[] => {
    const wanted = facts.get(key);
    if (wanted === undefined || fingerprints.get(key) !== fingerprint) return [];
    const isShared = kind === 'tax_rate' || kind === 'meter';
    return [{ kind, remoteId, agencyId: where.agencyId, planId: isShared ? null : where.planId, key, facts: wanted }];
  });
}

const planRows = z.array(z.object({ agencyId: z.string(), planId: z.string() }));

/** Where the plans stand that we ever carried to the account and still sell. */
export async function standingsInAccount(sql: Sql, account: CarrierAccount): Promise<readonly Standing[]> {
  const { rows } = await sql.query(
    `SELECT p.agency_id AS "agencyId", p.id AS "planId" FROM plans p
      WHERE p.deleted_at IS NULL AND p.status IN ('published', 'disabled')
        AND EXISTS (SELECT 1 FROM publications b
                     WHERE b.agency_id = p.agency_id AND b.plan_id = p.id AND b.merchant_account_id = $1)`,
    [account.id],
  );
  return standingsOf(
    sql,
    planRows.parse(rows).map((key) => ({ key, account })),
  );
}

const nameRows = z.array(z.object({ kind: z.enum(partKinds), remoteId: z.string() }));

async function knownObjects(sql: Sql, account: CarrierAccount): Promise<ReadonlySet<string>> {
  const { rows } = await sql.query(
    'SELECT DISTINCT kind, remote_id AS "remoteId" FROM catalog_links WHERE merchant_account_id = $1',
    [account.id],
  );
  return new Set(nameRows.parse(rows).map(objectName));
}

/** Reads one account's catalogue and keeps what is not as we left it. Throws `ProviderError`. */
async function checkAccount(
  { database, clock, providers }: CarryDependencies,
  { agencyId, account }: OwnedAccount,
): Promise<void> {
  const catalog = providers[account.provider]?.catalog;
  if (!catalog) return;
  const { pool } = database;
  const before = await standingsInAccount(pool, account);
  const remote = await readRemote(catalog, account.ref);
  // Published or changed while we read: what was read of it says nothing.
  const after = await standingsInAccount(pool, account);
  const known = await knownObjects(pool, account);

  const expectedBefore = new Set(before.flatMap(expectedOf).map(objectName));
  const expected = after.flatMap(expectedOf).filter((object) => expectedBefore.has(objectName(object)));
  const once = [...new Map(expected.map((object) => [objectName(object), object])).values()];
  const pending = [...before, ...after].filter(({ status }) => status === 'pending');
  const inFlight = new Set(pending.map(({ where }) => where.planId));
  const { drifts, foreign } = findDrift({ expected: once, remote, known, inFlight });

  const checked = { agencyId, merchantAccountId: account.id };
  await inTransaction(pool, async (sql) => {
    const now = clock.now();
    await saveFindings(sql, checked, drifts, inFlight, now);
    await saveCheck(sql, checked, { foreignObjects: foreign, failure: null }, now);
    await refreshDrifted(sql, account.id, now);
  });
}

/** Accounts side by side, one that fails holding nobody back; its failure is kept with the check. */
export async function checkAccounts(dependencies: CarryDependencies, accounts: readonly OwnedAccount[]): Promise<void> {
  const { database, clock } = dependencies;
  const checkOne = async (owned: OwnedAccount): Promise<void> => {
    try {
      await checkAccount(dependencies, owned);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      const checked = { agencyId: owned.agencyId, merchantAccountId: owned.account.id };
      const failure = { foreignObjects: 0, failure: errorMessage(error) };
      await saveCheck(database.pool, checked, failure, clock.now());
    }
  };
  const queue = accounts.values();
  const work = async (): Promise<void> => {
    for (const owned of queue) await checkOne(owned);
  };
  await Promise.all(Array.from({ length: accountsAtOnce }, work));
}

/** Accounts that are read at the same time. */
const accountsAtOnce = 8;

/** How long a check holds. */
const checkEveryMs = 24 * 3_600_000;

/** The handler of the job `catalog.check_drift`: reads every account that was not read for a day. */
export async function runDriftJob(dependencies: CarryDependencies): Promise<void> {
  const { database, clock } = dependencies;
  const now = clock.now().getTime();
  const checks = await loadChecks(database.pool);
  const fresh = new Set(
    checks
      .filter(({ checkedAt }) => now - checkedAt.getTime() < checkEveryMs)
      .map(({ merchantAccountId }) => merchantAccountId),
  );
  const accounts = await readyAccounts(database.pool);
  await checkAccounts(
    dependencies,
    accounts.filter(({ account }) => !fresh.has(account.id)),
  );
}
