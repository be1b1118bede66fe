import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import type { CarrierAccount } from './desired.ts';
import type { PlanKey } from './plan.store.ts';

/** Why an account that is there takes no plans yet. */
const obstacles = {
  active: undefined,
  onboarding: 'The onboarding of this account is not finished: complete it at the provider.',
  restricted: 'The provider has restricted this account: give it what it asks for, then synchronise again.',
} as const;

/** As a checkout chooses: Stripe before Whop, then the newer account first. */
const selectAccounts = `
  SELECT m.agency_id AS "agencyId", m.id, m.provider, m.provider_account_id AS "providerAccountId",
         a.is_platform AS "isPlatform", m.charge_currency AS "chargeCurrency",
         m.effective_currency AS "effectiveCurrency", m.usd_rate::text AS "usdRate", m.status,
         c.sealed_api_key IS NOT NULL AS "ownKey"
  FROM merchant_accounts m JOIN agencies a ON a.id = m.agency_id
  LEFT JOIN provider_credentials c ON c.agency_id = m.agency_id AND c.merchant_account_id = m.id
  WHERE m.status <> 'disconnected' AND ($1::text[] IS NULL OR a.is_platform OR m.agency_id = ANY($1))
    AND ($2::text IS NULL OR m.id = $2)
  ORDER BY m.provider = 'stripe' DESC, coalesce(m.connected_at, m.created_at) DESC, m.id DESC`;

/** An account and whose it is. */
export interface OwnedAccount {
  readonly agencyId: string;
  readonly isPlatform: boolean;
  readonly account: CarrierAccount;
}

const accountRows = z.array(
  z
    .object({
      agencyId: z.string(),
      id: z.string(),
      provider: z.enum(['stripe', 'whop']),
      providerAccountId: z.string(),
      isPlatform: z.boolean(),
      chargeCurrency: z.string(),
      effectiveCurrency: z.string(),
      // The column is padded to four decimals: a padded rate would be another fingerprint than a written one.
      usdRate: z.string().transform((rate) => rate.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')),
      status: z.enum(['active', 'onboarding', 'restricted']),
      ownKey: z.boolean(),
    })
    .transform(({ agencyId, providerAccountId, isPlatform, status, ...terms }): OwnedAccount => {
      const obstacle = obstacles[status];
      const ref = { id: providerAccountId, platform: isPlatform };
      return { agencyId, isPlatform, account: { ...terms, ref, ...(obstacle === undefined ? {} : { obstacle }) } };
    }),
);

/** Those of the named agencies and the platform's; `null`: everybody's. */
const loadAccounts = async (sql: Sql, agencyIds: readonly string[] | null): Promise<readonly OwnedAccount[]> =>
  accountRows.parse((await sql.query(selectAccounts, [agencyIds, null])).rows);

const isReady = ({ account }: OwnedAccount): boolean => account.obstacle === undefined;
const accountsOf = (owned: readonly OwnedAccount[]): readonly CarrierAccount[] => owned.map(({ account }) => account);

const platformsOwn = (accounts: readonly OwnedAccount[]): readonly OwnedAccount[] =>
  accounts.filter(({ isPlatform }) => isPlatform);

/** An agency's own active accounts, else the platform's; then those of its own that are not ready, each with its obstacle. */
function ofAgency(accounts: readonly OwnedAccount[], agencyId: string): readonly OwnedAccount[] {
  const own = accounts.filter((candidate) => candidate.agencyId === agencyId);
  const ready = own.filter(isReady);
  const waiting = own.filter((candidate) => !isReady(candidate));
  return [...(ready.length > 0 ? ready : platformsOwn(accounts).filter(isReady)), ...waiting];
}

/** The accounts where an agency's plans are sold: its own active ones, else the platform's. */
export async function carriersOf(sql: Sql, agencyId: string): Promise<readonly CarrierAccount[]> {
  return accountsOf(ofAgency(await loadAccounts(sql, [agencyId]), agencyId).filter(isReady));
}

const offerRows = z.array(z.object({ agencyId: z.string(), planIds: z.array(z.string()) }));

/**
 * Plan -> the accounts that carry it: those of its agency and, where the platform offers it to other agencies, theirs. An
 * account with an `obstacle` is among them, so that it can be said why the plan is not there.
 */
export async function carriersOfPlans(
  sql: Sql,
  plans: readonly PlanKey[],
): Promise<ReadonlyMap<string, readonly CarrierAccount[]>> {
  const { rows } = await sql.query(
    'SELECT agency_id AS "agencyId", plan_ids AS "planIds" FROM agency_offers WHERE plan_ids && $1',
    [plans.map(({ planId }) => planId)],
  );
  const offers = offerRows.parse(rows);
  const owners = new Set(plans.map(({ agencyId }) => agencyId));
  const accounts = await loadAccounts(sql, [...owners, ...offers.map(({ agencyId }) => agencyId)]);

  const byOwner = new Map([...owners].map((agencyId) => [agencyId, accountsOf(ofAgency(accounts, agencyId))]));
  const offered = new Map<string, CarrierAccount[]>();
  for (const { agencyId, planIds } of offers) {
    const own = accountsOf(accounts.filter((candidate) => candidate.agencyId === agencyId));
    for (const planId of planIds) offered.set(planId, [...(offered.get(planId) ?? []), ...own]);
  }
  return new Map(
    plans.map(({ agencyId, planId }) => {
      const carriers = [...(byOwner.get(agencyId) ?? []), ...(offered.get(planId) ?? [])];
      return [planId, [...new Map(carriers.map((account) => [account.id, account])).values()]];
    }),
  );
}

/** The accounts that take a plan now. */
export async function carriersOfPlan(sql: Sql, plan: PlanKey): Promise<readonly CarrierAccount[]> {
  const carriers = (await carriersOfPlans(sql, [plan])).get(plan.planId) ?? [];
  return carriers.filter(({ obstacle }) => obstacle === undefined);
}

/** An account that calls can be made on; undefined for any other. */
export const readyAccount = async (sql: Sql, id: string): Promise<OwnedAccount | undefined> =>
  accountRows.parse((await sql.query(selectAccounts, [null, id])).rows).find(isReady);

/** Every account that calls can be made on. */
export const readyAccounts = async (sql: Sql): Promise<readonly OwnedAccount[]> =>
  (await loadAccounts(sql, null)).filter(isReady);

/** Currency -> its units per USD, as an agency's plans may use them: the rates of its accounts, then the platform's. */
export async function ratesFor(sql: Sql, agencyId: string): Promise<ReadonlyMap<string, string>> {
  const loaded = (await loadAccounts(sql, [agencyId])).filter(isReady);
  const accounts = accountsOf([...platformsOwn(loaded), ...[...ofAgency(loaded, agencyId)].reverse()]);
  return new Map(
    accounts
      .filter(({ chargeCurrency }) => chargeCurrency !== 'USD')
      .map(({ chargeCurrency, usdRate }) => [chargeCurrency, usdRate]),
  );
}
