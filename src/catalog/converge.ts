import { z } from 'zod';
import { errorMessage } from '../errors.ts';
import { ProviderError } from '../providers/errors.ts';
import type { CatalogPort } from '../providers/port.ts';
import { applyPlan } from './apply.ts';
import { readyAccount } from './carriers.ts';
import type { CatalogDependencies } from './dependencies.ts';
import type { CatalogOperation } from './diff.ts';
import { refreshDrifted, resolveFindings } from './drift.store.ts';
import { linkStore, type PlanInAccount, pairName } from './link.store.ts';
import type { DesiredParts } from './part.ts';
import type { PlanLocks } from './plan-lock.ts';
import { type Publication, savePublication } from './publication.store.ts';
import { saleInAccount } from './sale-in-account.ts';
import { isSettled, type Pair, type Standing, standingsOf } from './standing.ts';

/** What carrying a plan to an account takes. */
export interface CarryDependencies extends CatalogDependencies {
  readonly locks: PlanLocks;
}

/** What became of one plan in one account. `blocked` is the reason, where it is. */
export interface Convergence {
  readonly operations: readonly CatalogOperation[];
  readonly blocked: string | null;
}

const untouched: Convergence = { operations: [], blocked: null };

/** Refused for good until a person changes something; anything else is worth another try. */
const isFinal = (error: unknown): error is ProviderError =>
  error instanceof ProviderError && (error.kind === 'invalid' || error.kind === 'auth' || error.kind === 'declined');

/** Only one of them at a time writes a plan in an account: two versions side by side would archive each other's prices. */
export const lockNameOf = (where: PlanInAccount): string => `catalog:${pairName(where)}`;

/**
 * Brings one plan in one account to its published version or, where it is not sold any more and nobody has it, out of sale. Without anything to do it writes nothing and calls nobody.
 * `occasion` names why what was made before is made again, and carries the plan even where nothing seems to be left to do.
 * A refusal of the provider blocks the publication with its reason; throws `ProviderError` where another try may succeed.
 */
export async function converge(dependencies: CarryDependencies, pair: Pair, occasion?: string): Promise<Convergence> {
  const { database, locks } = dependencies;
  const where = { ...pair.key, merchantAccountId: pair.account.id };
  return locks.hold(lockNameOf(where), async () => {
    // Read under the lock: whoever held it before may have done it, sold another version, or sold it no more.
    const sale = await saleInAccount(dependencies, pair);
    if (sale === 'kept' && occasion === undefined) return untouched;
    const isWithdrawn = sale === 'withdrawn';
    const [standing] = await standingsOf(database.pool, [{ ...pair, isWithdrawn }]);
    if (!standing || (isWithdrawn && standing.links.length === 0)) return untouched;
    return occasion === undefined && isSettled(standing) ? untouched : carry(dependencies, standing, occasion);
  });
}

/** Why the provider cannot hold the plan at all; null where it can. */
function missingCapability(provider: string, catalog: CatalogPort, parts: DesiredParts): string | null {
  if (parts.taxRates.length > 0 && !catalog.taxRates) return `${provider} adds no tax of ours: leave the tax out.`;
  if (parts.meters.length > 0 && !catalog.meters) {
    return `${provider} counts no usage: collect overage from the balance.`;
  }
  return null;
}

async function carry(
  dependencies: CarryDependencies,
  standing: Standing,
  occasion: string | undefined,
): Promise<Convergence> {
  const { database, clock, operations, providers, locks } = dependencies;
  const { where, version, account } = standing;
  const record = (status: Publication['status'], reason: string | null): Promise<void> =>
    savePublication(database.pool, where, { version, status, reason }, clock.now());
  const blocked = async (reason: string): Promise<Convergence> => {
    await record('blocked', reason);
    return { operations: [], blocked: reason };
  };

  const target = standing.desired;
  if (target.blocked !== null) return blocked(target.blocked);
  const catalog = providers[account.provider]?.catalog;
  if (!catalog) return blocked(`${account.provider} is not configured here, or keeps no catalog.`);
  const missing = missingCapability(account.provider, catalog, target);
  if (missing !== null) return blocked(missing);

  await record('pending', null);
  try {
    const links = linkStore(database, clock, locks, where);
    const input = { catalog, operations, links, account, planId: where.planId, version, desired: target };
    await applyPlan({ ...input, ...(occasion === undefined ? {} : { occasion }) });
  } catch (error) {
    if (isFinal(error)) return blocked(error.message);
    await record('pending', `It will be tried again: ${errorMessage(error)}`);
    throw error;
  }
  await record('in_sync', null);
  if (standing.links.length > 0) {
    const now = clock.now();
    const written = standing.operations.map(({ key }) => key);
    await resolveFindings(database.pool, where, written, now);
    await refreshDrifted(database.pool, account.id, now);
  }
  return { operations: standing.operations, blocked: null };
}

const jobPayload = z.strictObject({ agencyId: z.string(), planId: z.string(), merchantAccountId: z.string() });

/** The handler of the job `catalog.publish`. Runs twice without harm; throws what the worker should try again. */
export async function runPublishJob(dependencies: CarryDependencies, payload: unknown): Promise<void> {
  const { agencyId, planId, merchantAccountId } = jobPayload.parse(payload);
  const ready = await readyAccount(dependencies.database.pool, merchantAccountId);
  // Disconnected since: the accounts that carry the plan now have jobs of their own.
  if (!ready) return;
  await converge(dependencies, { key: { agencyId, planId }, account: ready.account });
}
