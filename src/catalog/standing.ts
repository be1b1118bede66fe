import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { carriedPlan } from './carried-plan.ts';
import { type CarrierAccount, type Desired, desired, type SoldVersion, withdrawn } from './desired.ts';
import { type CatalogLink, type CatalogOperation, diff } from './diff.ts';
import { loadLiveLinks, type PlanInAccount, pairName } from './link.store.ts';
import type { PlanKey } from './plan.store.ts';
import { versionDocumentSchema, withoutFrozen } from './plan-document.ts';
import { loadPublications, type Publication } from './publication.store.ts';

/** One plan and one account that carries it. */
export interface Pair {
  readonly key: PlanKey;
  readonly account: CarrierAccount;
  /** The account carried the plan once and should not any more. */
  readonly isWithdrawn?: boolean;
}

/** Where a plan stands in an account, decided from what is stored: no provider is asked. */
export interface Standing {
  readonly where: PlanInAccount;
  readonly account: CarrierAccount;
  readonly version: number;
  readonly status: Publication['status'];
  readonly reason: string | null;
  /** What clients get there instead of what the provider lacks. */
  readonly notices: readonly string[];
  readonly operations: readonly CatalogOperation[];
  readonly desired: Desired;
  /** The live ones. */
  readonly links: readonly CatalogLink[];
}

const soldRows = z.array(
  z.object({ agencyId: z.string(), planId: z.string(), version: z.number(), document: versionDocumentSchema }),
);

/** Plan -> its version for sale; a plan without one is absent. */
async function loadSold(sql: Sql, plans: readonly PlanKey[]): Promise<ReadonlyMap<string, SoldVersion>> {
  const { rows } = await sql.query(
    `SELECT agency_id AS "agencyId", plan_id AS "planId", version, document FROM plan_versions
     WHERE agency_id = ANY($1) AND plan_id = ANY($2) AND status = 'published'`,
    [[...new Set(plans.map(({ agencyId }) => agencyId))], plans.map(({ planId }) => planId)],
  );
  return new Map(
    soldRows.parse(rows).map(({ document, ...key }) => [key.planId, { ...key, plan: withoutFrozen(document) }]),
  );
}

function standingOf(
  sold: SoldVersion,
  { key, account, isWithdrawn = false }: Pair,
  publication: Publication | undefined,
  links: readonly CatalogLink[],
): Standing {
  const where = { ...key, merchantAccountId: account.id };
  const target = isWithdrawn ? withdrawn(sold) : desired(sold, account);
  const { notices } = carriedPlan(sold.plan, account.provider);
  const facts = { where, account, version: sold.version, desired: target, links, notices };
  if (target.blocked !== null) return { ...facts, status: 'blocked', reason: target.blocked, operations: [] };

  const operations = diff({ planId: key.planId, merchantAccountId: account.id, desired: target, links });
  const wasCarried = publication?.status === 'in_sync' || publication?.status === 'drifted';
  if (wasCarried && operations.length > 0) {
    const reason = 'The plan or its rate changed since it was last carried there: synchronise the catalog.';
    return { ...facts, status: 'pending', reason, operations };
  }
  return { ...facts, status: publication?.status ?? 'pending', reason: publication?.reason ?? null, operations };
}

/** Three queries for any number of pairs. A plan that is not published has no standing. */
export async function standingsOf(sql: Sql, pairs: readonly Pair[]): Promise<readonly Standing[]> {
  if (pairs.length === 0) return [];
  const plans = [...new Map(pairs.map(({ key }) => [key.planId, key])).values()];
  const sold = await loadSold(sql, plans);
  const publications = await loadPublications(sql, plans);
  const links = await loadLiveLinks(sql, plans);
  return pairs.flatMap((pair) => {
    const version = sold.get(pair.key.planId);
    if (!version) return [];
    const name = pairName({ planId: pair.key.planId, merchantAccountId: pair.account.id });
    return [standingOf(version, pair, publications.get(name), links.get(name) ?? [])];
  });
}

/** Nothing to do, as far as we remember. Drift is a person's to answer, and no reason to write. */
export const isSettled = ({ status, operations }: Standing): boolean =>
  (status === 'in_sync' || status === 'drifted') && operations.length === 0;
