import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import type { ProviderCard } from '../providers/card-ports.ts';

export interface ClientKey {
  readonly agencyId: string;
  readonly customerId: string;
}

const cardRow = z.object({
  agencyId: z.string(),
  id: z.string(),
  customerId: z.string(),
  merchantAccountId: z.string(),
  providerCardId: z.string(),
  providerCustomerId: z.string(),
  brand: z.string(),
  last4: z.string(),
  expMonth: z.number(),
  expYear: z.number(),
  fingerprint: z.string(),
  status: z.enum(['saved', 'verified', 'failed', 'removed']),
  isDefault: z.boolean(),
  defaultSince: z.date().nullable(),
  funding: z.string().nullable(),
  country: z.string().nullable(),
  createdAt: z.date(),
});

/** A saved card. `saved`: not verified yet. Only a verified one can be the default. */
export type SavedCard = z.output<typeof cardRow>;

const columns = `agency_id AS "agencyId", id, customer_id AS "customerId", merchant_account_id AS "merchantAccountId",
  provider_card_id AS "providerCardId", provider_customer_id AS "providerCustomerId", brand, last4, exp_month AS "expMonth",
  exp_year AS "expYear", fingerprint, status, is_default AS "isDefault", default_since AS "defaultSince",
  funding, country, created_at AS "createdAt"`;

/** A client's cards change one after the other: which of them is the default is one fact. Held until the transaction ends. */
export async function lockCards(sql: Sql, { agencyId, customerId }: ClientKey): Promise<void> {
  await sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`cards of ${agencyId} ${customerId}`]);
}

const cardsOf = (rows: readonly unknown[]): readonly SavedCard[] => rows.map((row) => cardRow.parse(row));

/** Newest first; those that were removed are not among them. */
export async function listSaved(sql: Sql, { agencyId, customerId }: ClientKey): Promise<readonly SavedCard[]> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM payment_methods WHERE agency_id = $1 AND customer_id = $2 AND status <> 'removed' ORDER BY id DESC`,
    [agencyId, customerId],
  );
  return cardsOf(rows);
}

export async function findSaved(sql: Sql, agencyId: string, id: string): Promise<SavedCard | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM payment_methods WHERE agency_id = $1 AND id = $2 AND status <> 'removed'`,
    [agencyId, id],
  );
  return cardsOf(rows)[0] ?? null;
}

export async function findDefault(sql: Sql, { agencyId, customerId }: ClientKey): Promise<SavedCard | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM payment_methods WHERE agency_id = $1 AND customer_id = $2 AND is_default`,
    [agencyId, customerId],
  );
  return cardsOf(rows)[0] ?? null;
}

/** The card that an account knows by this id, if we keep it. A card belongs to one of the provider's customers, and so to one client. */
export async function findByProviderId(
  sql: Sql,
  merchantAccountId: string,
  providerCardId: string,
): Promise<SavedCard | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM payment_methods
      WHERE merchant_account_id = $1 AND provider_card_id = $2 AND status <> 'removed' ORDER BY id LIMIT 1`,
    [merchantAccountId, providerCardId],
  );
  return cardsOf(rows)[0] ?? null;
}

/** Whether a card is still saved, and verified. */
export async function isChargeable(sql: Sql, agencyId: string, id: string): Promise<boolean> {
  return (await findSaved(sql, agencyId, id))?.status === 'verified';
}

/** A card whose removal its provider may not have heard of. */
export async function findRemoved(sql: Sql, agencyId: string, id: string): Promise<SavedCard | null> {
  const { rows } = await sql.query(
    `SELECT ${columns} FROM payment_methods WHERE agency_id = $1 AND id = $2 AND status = 'removed'`,
    [agencyId, id],
  );
  return cardsOf(rows)[0] ?? null;
}

export interface NewSavedCard extends ClientKey {
  readonly id: string;
  readonly merchantAccountId: string;
  readonly providerCustomerId: string;
  readonly card: ProviderCard;
  readonly fingerprint: string;
}

/** True where the card was not known before: one that is told twice is stored once. */
export async function insertCard(sql: Sql, saved: NewSavedCard, now: Date): Promise<boolean> {
  const { card } = saved;
  const stored = await sql.query(
    `INSERT INTO payment_methods (agency_id, id, customer_id, merchant_account_id, provider_card_id, provider_customer_id, brand,
                                  last4, exp_month, exp_year, fingerprint, funding, country, status, created_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'saved', $14)
     ON CONFLICT (agency_id, merchant_account_id, provider_card_id) DO NOTHING`,
    [
      saved.agencyId,
      saved.id,
      saved.customerId,
      saved.merchantAccountId,
      card.id,
      saved.providerCustomerId,
      card.brand,
      card.last4,
      card.expMonth,
      card.expYear,
      saved.fingerprint,
      card.funding,
      card.country,
      now,
    ],
  );
  return stored.rowCount === 1;
}

/** A card that was removed meanwhile stays removed. */
export async function setCardStatus(
  sql: Sql,
  { agencyId, id }: Pick<SavedCard, 'agencyId' | 'id'>,
  status: 'verified' | 'failed',
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE payment_methods SET status = $3, verified_at = CASE WHEN $3 = 'verified' THEN $4::timestamptz ELSE verified_at END
      WHERE agency_id = $1 AND id = $2 AND (status = 'saved' OR (status = 'failed' AND $3 = 'verified'))`,
    [agencyId, id, status, now],
  );
}

/** The card becomes the client's only default; it must be verified (a CHECK holds it). */
export async function markDefault(
  sql: Sql,
  { agencyId, customerId, id }: Pick<SavedCard, 'agencyId' | 'customerId' | 'id'>,
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE payment_methods SET is_default = false, default_since = NULL
      WHERE agency_id = $1 AND customer_id = $2 AND is_default AND id <> $3`,
    [agencyId, customerId, id],
  );
  await sql.query('UPDATE payment_methods SET is_default = true, default_since = $3 WHERE agency_id = $1 AND id = $2', [
    agencyId,
    id,
    now,
  ]);
}

/** What may change on a card that stays itself: its bank renews it, with another number where the old one was stolen. */
export async function updateCard(
  sql: Sql,
  { agencyId, id }: Pick<SavedCard, 'agencyId' | 'id'>,
  { brand, last4, expMonth, expYear, fingerprint }: ProviderCard,
): Promise<void> {
  await sql.query(
    `UPDATE payment_methods SET brand = $3, last4 = $4, exp_month = $5, exp_year = $6, fingerprint = coalesce($7, fingerprint)
      WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, brand, last4, expMonth, expYear, fingerprint],
  );
}

export async function markRemoved(
  sql: Sql,
  { agencyId, id }: Pick<SavedCard, 'agencyId' | 'id'>,
  now: Date,
): Promise<void> {
  await sql.query(
    `UPDATE payment_methods SET status = 'removed', is_default = false, default_since = NULL, removed_at = $3 WHERE agency_id = $1 AND id = $2`,
    [agencyId, id, now],
  );
}
