import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { conflict, notFound } from '../errors.ts';

const standing = z.object({ agencyDisabled: z.boolean(), customerDisabled: z.boolean() });

interface ClientKey {
  readonly agencyId: string;
  readonly customerId: string;
}

/**
 * Whether a client or its agency is disabled; null for a client that is not there. An agency is a client of the platform too, so that
 * one that is disabled buys nothing for itself either.
 */
export async function standingOf(
  sql: Sql,
  { agencyId, customerId }: ClientKey,
): Promise<z.output<typeof standing> | null> {
  const { rows } = await sql.query(
    `SELECT a.disabled_at IS NOT NULL OR own.disabled_at IS NOT NULL AS "agencyDisabled",
            c.disabled_at IS NOT NULL AS "customerDisabled"
     FROM customers c
     JOIN agencies a ON a.id = c.agency_id
     LEFT JOIN agencies own ON a.is_platform AND own.id = c.external_id
     WHERE c.agency_id = $1 AND c.id = $2`,
    [agencyId, customerId],
  );
  return z.array(standing).parse(rows)[0] ?? null;
}

/**
 * Nothing new is sold to a client that is disabled, or of an agency that is: whoever asks. Throws `AppError` 409 `agency_disabled` or
 * `customer_disabled`, and 404 for a client that is not there.
 */
export async function requireServing(sql: Sql, client: ClientKey): Promise<void> {
  const found = await standingOf(sql, client);
  if (!found) throw notFound('customer');
  if (found.agencyDisabled) throw conflict('agency_disabled', 'This agency is disabled and sells nothing.');
  if (found.customerDisabled) throw conflict('customer_disabled', 'This client is disabled and cannot pay.');
}

/** Whether the client, its agency and, where it is an agency itself, that one are all enabled. */
export async function isServing(sql: Sql, client: ClientKey): Promise<boolean> {
  const found = await standingOf(sql, client);
  return found !== null && !found.agencyDisabled && !found.customerDisabled;
}
