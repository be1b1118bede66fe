import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { errorMessage } from '../errors.ts';
import { ProviderError } from '../providers/errors.ts';
import type { CatalogPort } from '../providers/port.ts';
import { applyPlan } from './apply.ts';
import { carriersOf } from './carriers.ts';
import type { CatalogDependencies } from './dependencies.ts';
import { type CarrierAccount, type Desired, desired, type SoldVersion } from './desired.ts';
import { type CatalogOperation, diff } from './diff.ts';
import { linkStore, loadLinks, type PlanInAccount } from './link.store.ts';
import { loadVersions, type PlanKey } from './plan.store.ts';
import { withoutFrozen } from './plan-document.ts';
import { withPlanLock } from './plan-lock.ts';
import { loadPublication, type Publication, savePublication } from './publication.store.ts';

/** Where a plan stands in an account, decided from what is stored: no provider is asked. */
export interface Standing {
  readonly where: PlanInAccount;
  readonly version: number;
  readonly status: Publication['status'];
  readonly reason: string | null;
  readonly operations: readonly CatalogOperation[];
  readonly desired: Desired;
}

async function soldVersion(sql: Sql, key: PlanKey): Promise<SoldVersion | null> {
  const { published } = await loadVersions(sql, key);
  return published ? { ...key, version: published.version, plan: withoutFrozen(published.document) } : null;
}

/** Null for a plan that is not published. */
export async function standingOf(sql: Sql, key: PlanKey, account: CarrierAccount): Promise<Standing | null> {
  const sold = await soldVersion(sql, key);
  if (!sold) return null;
  const where = { ...key, merchantAccountId: account.id };
  const target = desired(sold, account);
  const publication = await loadPublication(sql, where);
  const facts = { where, version: sold.version, desired: target };
  if (target.blocked !== null) return { ...facts, status: 'blocked', reason: target.blocked, operations: [] };

  const links = await loadLinks(sql, where);
  const operations = diff({ planId: key.planId, merchantAccountId: account.id, desired: target, links });
  if (publication?.status === 'in_sync' && operations.length > 0) {
    const reason = 'The plan or its rate changed since it was last carried there: synchronise the catalog.';
    return { ...facts, status: 'pending', reason, operations };
  }
  return { ...facts, status: publication?.status ?? 'pending', reason: publication?.reason ?? null, operations };
}

/** What became of one plan in one account. `reason` is set when it is blocked. */
export interface Convergence {
  readonly operations: readonly CatalogOperation[];
  readonly blocked: string | null;
}

const untouched: Convergence = { operations: [], blocked: null };

const isSettled = ({ status, operations }: Standing): boolean => status === 'in_sync' && operations.length === 0;

/** Refused for good until a person changes something; anything else is worth another try. */
const isFinal = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && (error.kind === 'invalid' || error.kind === 'auth' || error.kind === 'declined');

/**
 * Brings one plan in one account to its published version. Without anything to do it writes nothing and calls nobody.
 * A refusal of the provider blocks the publication with its reason; throws `ProviderError` where another try may succeed.
 */
export async function converge(
  dependencies: CatalogDependencies,
  key: PlanKey,
  account: CarrierAccount,
): Promise<Convergence> {
  const { database } = dependencies;
  const before = await standingOf(database.pool, key, account);
  if (!before || isSettled(before)) return untouched;
  return withPlanLock(database, before.where, async () => {
    // Read again: whoever held the lock before may have done it, or sold another version.
    const standing = await standingOf(database.pool, key, account);
    return !standing || isSettled(standing) ? untouched : carry(dependencies, account, standing);
  });
}

async function carry(
  dependencies: CatalogDependencies,
  account: CarrierAccount,
  standing: Standing,
): Promise<Convergence> {
  const { database, clock, operations, providers } = dependencies;
  const { where, version } = standing;
  const record = (status: Publication['status'], reason: string | null): Promise<void> =>
    savePublication(database.pool, where, { version, status, reason }, clock.now());
  const blocked = async (reason: string): Promise<Convergence> => {
    await record('blocked', reason);
    return { operations: [], blocked: reason };
  };

  const target = standing.desired;
  if (target.blocked !== null) return blocked(target.blocked);
  const catalog: CatalogPort | undefined = providers[account.provider]?.catalog;
  if (!catalog) return blocked(`${account.provider} is not configured here, or keeps no catalog.`);

  await record('pending', null);
  try {
    const links = linkStore(database, clock, where);
    await applyPlan({ catalog, operations, links, account, planId: where.planId, version, desired: target });
  } catch (error) {
    if (isFinal(error)) return blocked(error.message);
    await record('pending', `It will be tried again: ${errorMessage(error)}`);
    throw error;
  }
  await record('in_sync', null);
  return { operations: standing.operations, blocked: null };
}

const jobPayload = z.strictObject({ agencyId: z.string(), planId: z.string(), merchantAccountId: z.string() });

/** The handler of the job `catalog.publish`. Runs twice without harm; throws what the worker should try again. */
export async function runPublishJob(dependencies: CatalogDependencies, payload: unknown): Promise<void> {
  const { agencyId, planId, merchantAccountId } = jobPayload.parse(payload);
  const accounts = await carriersOf(dependencies.database.pool, agencyId);
  const account = accounts.find(({ id }) => id === merchantAccountId);
  // Disconnected since: the accounts that carry the plan now have jobs of their own.
  if (!account) return;
  await converge(dependencies, { agencyId, planId }, account);
}
