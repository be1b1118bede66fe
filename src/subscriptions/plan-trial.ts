import { z } from 'zod';
import type { CustomerKey } from '../catalog/offer.store.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';
import type { Sql } from '../database/database.ts';
import { emailKeyOf } from './trial.ts';

/** By what a plan's trial is known to have been had: whichever is known. */
export interface TrialKeys {
  readonly email?: string | undefined;
  /** The card's, as its provider names it across customers. */
  readonly fingerprint?: string | undefined;
}

function keysOf({ email, fingerprint }: TrialKeys): readonly { readonly kind: string; readonly key: string }[] {
  return [
    ...(email === undefined ? [] : [{ kind: 'email', key: emailKeyOf(email) }]),
    ...(fingerprint === undefined ? [] : [{ kind: 'card', key: fingerprint }]),
  ];
}

/** Whether nobody with this e-mail address or card has had a plan's trial in the agency (RULES 31). Asked before one is offered. */
export async function planTrialAllowed(sql: Sql, agencyId: string, keys: TrialKeys): Promise<boolean> {
  const named = keysOf(keys);
  const { rows } = await sql.query(
    `SELECT 1 FROM plan_trials t JOIN unnest($2::text[], $3::text[]) AS n(kind, key) USING (kind, key)
      WHERE t.agency_id = $1 LIMIT 1`,
    [agencyId, named.map(({ kind }) => kind), named.map(({ key }) => key)],
  );
  return rows.length === 0;
}

const emailRows = z.array(z.object({ email: z.string() }));

export async function emailOf(sql: Sql, { agencyId, customerId }: CustomerKey): Promise<string | undefined> {
  const { rows } = await sql.query('SELECT email FROM customers WHERE agency_id = $1 AND id = $2', [
    agencyId,
    customerId,
  ]);
  return emailRows.parse(rows)[0]?.email;
}

/** Days that a plan gives a client that comes to it; null where it gives none, or the client had them before. */
export async function offeredTrialDays(
  sql: Sql,
  client: CustomerKey,
  { trialDays }: Pick<VersionDocument, 'trialDays'>,
): Promise<number | null> {
  if (trialDays === 0) return null;
  return (await planTrialAllowed(sql, client.agencyId, { email: await emailOf(sql, client) })) ? trialDays : null;
}

const holderRows = z.array(z.object({ subscriptionId: z.string() }));

/**
 * Notes that a subscription has a plan's trial, as soon as its e-mail address or card is known. Answers false where another one
 * had it before: then the trial is to be ended at once. The same subscription may say so again, and say more. A key of a refused one is
 * kept as well: who tried with a card that had its trial has no other with that address.
 */
export async function claimPlanTrial(
  sql: Sql,
  { agencyId, subscriptionId }: { readonly agencyId: string; readonly subscriptionId: string },
  keys: TrialKeys,
  now: Date,
): Promise<boolean> {
  const named = keysOf(keys);
  const columns = [named.map(({ kind }) => kind), named.map(({ key }) => key)];
  await sql.query(
    `INSERT INTO plan_trials (agency_id, kind, key, subscription_id, taken_at)
     SELECT $1, n.kind, n.key, $4, $5 FROM unnest($2::text[], $3::text[]) AS n(kind, key) ORDER BY n.kind, n.key
     ON CONFLICT DO NOTHING`,
    [agencyId, ...columns, subscriptionId, now],
  );
  const { rows } = await sql.query(
    `SELECT t.subscription_id AS "subscriptionId" FROM plan_trials t
       JOIN unnest($2::text[], $3::text[]) AS n(kind, key) USING (kind, key) WHERE t.agency_id = $1`,
    [agencyId, ...columns],
  );
  return holderRows.parse(rows).every((holder) => holder.subscriptionId === subscriptionId);
}
