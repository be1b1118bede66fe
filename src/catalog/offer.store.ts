import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { notFound } from '../errors.ts';
import { agencyOfCustomer } from '../tenancy/agency-customer.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import type { OfferedPlans, SellablePlan } from './availability.ts';
import { planStatuses, visibilities } from './plan-document.ts';

/** Which client: `agencyId` is whose client it is. */
export interface CustomerKey {
  readonly agencyId: string;
  readonly customerId: string;
}

/** `change` keeps two changes apart; `hold` only keeps a row from changing until the transaction ends. */
const locks = { none: '', change: 'FOR NO KEY UPDATE', hold: 'FOR SHARE' } as const;
export type Lock = keyof typeof locks;

const owner = z.array(z.object({ agencyId: z.string() }));

/** Throws `AppError` 404 for a client that is not there for the scope. */
export async function findClient(sql: Sql, scope: Scope, customerId: string, lock: Lock): Promise<CustomerKey> {
  if (scope.role === 'portal' && scope.customerId !== customerId) throw notFound('customer');
  const { rows } = await sql.query(
    `SELECT agency_id AS "agencyId" FROM customers
     WHERE id = $1 AND ($2::text IS NULL OR agency_id = $2) ${locks[lock]}`,
    [customerId, agencyOf(scope) ?? null],
  );
  const [found] = owner.parse(rows);
  if (!found) throw notFound('customer');
  return { agencyId: found.agencyId, customerId };
}

const planIdRows = z.array(z.object({ planIds: z.array(z.string()) }));

/** The plans offered to a client by name, in the order they were given; null while it has no offers of its own. */
export async function loadOffers(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<readonly string[] | null> {
  const { rows } = await sql.query(
    'SELECT plan_ids AS "planIds" FROM offers WHERE agency_id = $1 AND customer_id = $2',
    [agencyId, customerId],
  );
  return planIdRows.parse(rows)[0]?.planIds ?? null;
}

export const offeredPlans = (planIds: readonly string[] | null): OfferedPlans => planIds && new Set(planIds);

export async function saveOffers(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  planIds: readonly string[],
  now: Date,
): Promise<void> {
  await sql.query(
    `INSERT INTO offers (agency_id, customer_id, plan_ids, updated_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (agency_id, customer_id) DO UPDATE SET plan_ids = EXCLUDED.plan_ids, updated_at = EXCLUDED.updated_at`,
    [agencyId, customerId, planIds, now],
  );
}

export async function deleteOffers(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<void> {
  await sql.query('DELETE FROM offers WHERE agency_id = $1 AND customer_id = $2', [agencyId, customerId]);
}

/** The platform's plans that an agency may resell or buy. */
export async function loadAgencyOffers(sql: Sql, agencyId: string): Promise<readonly string[]> {
  const { rows } = await sql.query('SELECT plan_ids AS "planIds" FROM agency_offers WHERE agency_id = $1', [agencyId]);
  return planIdRows.parse(rows)[0]?.planIds ?? [];
}

export async function saveAgencyOffers(
  sql: Sql,
  agencyId: string,
  planIds: readonly string[],
  now: Date,
): Promise<void> {
  await sql.query(
    `INSERT INTO agency_offers (agency_id, plan_ids, updated_at) VALUES ($1, $2, $3)
     ON CONFLICT (agency_id) DO UPDATE SET plan_ids = EXCLUDED.plan_ids, updated_at = EXCLUDED.updated_at`,
    [agencyId, planIds, now],
  );
}

const sellableRows = z.array(
  z.object({
    agencyId: z.string(),
    id: z.string(),
    status: z.enum(planStatuses),
    visibility: z.enum(visibilities),
    customerId: z.string().nullable(),
    resold: z.boolean(),
    offeredAsAgency: z.boolean(),
  }),
);

/** `agencyId` is the plan's owner: the client's agency or, for a resold plan, the platform. */
export interface StoredSellablePlan extends SellablePlan {
  readonly agencyId: string;
}

/** $2: the agency that the client is, for the platform's clients that are one. What is offered to the agency is offered to it. */
const offeredAsAgency = 'p.id IN (SELECT unnest(plan_ids) FROM agency_offers WHERE agency_id = $2)';

/** Plans that a client's agency sells, its own and those it may resell, whatever their status; deleted ones never. */
const sellablePlans = `
  SELECT p.agency_id AS "agencyId", p.id, p.status, p.visibility, p.customer_id AS "customerId", p.agency_id <> $1 AS resold,
         ${offeredAsAgency} AS "offeredAsAgency"
  FROM plans p
  WHERE p.deleted_at IS NULL
    AND (p.agency_id = $1 OR p.id IN (SELECT unnest(plan_ids) FROM agency_offers WHERE agency_id = $1))`;

/** Of the named plans those that the client's agency sells. */
export async function sellablePlansOf(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  planIds: readonly string[],
): Promise<readonly StoredSellablePlan[]> {
  const buyer = await agencyOfCustomer(sql, customerId);
  const { rows } = await sql.query(`${sellablePlans} AND p.id = ANY($3)`, [agencyId, buyer, planIds]);
  return sellableRows.parse(rows);
}

/** What a client could be shown: the offered plans or, without offers, the agency's; oldest first. */
export async function shownPlans(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  offers: readonly string[] | null,
): Promise<readonly StoredSellablePlan[]> {
  const buyer = await agencyOfCustomer(sql, customerId);
  const { rows } = await sql.query(
    `${sellablePlans} AND p.status = 'published' AND (p.customer_id IS NULL OR p.customer_id = $4)
     AND ($3::text[] IS NULL OR p.id = ANY($3) OR ${offeredAsAgency}) ORDER BY p.id`,
    [agencyId, buyer, offers, customerId],
  );
  return sellableRows.parse(rows);
}

/** One plan that the client's agency sells: neither it nor what agencies may resell or buy of it changes until the transaction ends. */
export async function holdSellablePlan(
  sql: Sql,
  { agencyId, customerId }: CustomerKey,
  planId: string,
): Promise<StoredSellablePlan | undefined> {
  const buyer = await agencyOfCustomer(sql, customerId);
  await sql.query('SELECT 1 FROM agency_offers WHERE agency_id = ANY($1) ORDER BY agency_id FOR SHARE', [
    [agencyId, buyer],
  ]);
  const { rows } = await sql.query(`${sellablePlans} AND p.id = $3 FOR SHARE OF p`, [agencyId, buyer, planId]);
  return sellableRows.parse(rows)[0];
}

/** The platform's own plans among the named ones, by id. */
export async function platformPlansOf(
  sql: Sql,
  planIds: readonly string[],
  lock: 'none' | 'hold',
): Promise<readonly StoredSellablePlan[]> {
  const { rows } = await sql.query(
    `SELECT p.agency_id AS "agencyId", p.id, p.status, p.visibility, p.customer_id AS "customerId", true AS resold,
            false AS "offeredAsAgency"
     FROM plans p
     WHERE p.agency_id = (SELECT id FROM agencies WHERE is_platform) AND p.deleted_at IS NULL AND p.id = ANY($1)
     ORDER BY p.id ${locks[lock]}`,
    [planIds],
  );
  return sellableRows.parse(rows);
}
