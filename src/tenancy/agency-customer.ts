import { z } from 'zod';
import type { Sql } from '../database/database.ts';

/**
 * An agency as the platform's client, which is how it buys for itself: the customer of the platform's whose external id is the
 * agency's id. The one place where that is decided.
 */
const linked = `customers c JOIN agencies platform ON platform.id = c.agency_id AND platform.is_platform`;

const customerRows = z.array(z.object({ agencyId: z.string(), customerId: z.string() }));

/** The client that an agency is; null where it has never been one. */
export async function customerOfAgency(
  sql: Sql,
  agencyId: string,
): Promise<{ readonly agencyId: string; readonly customerId: string } | null> {
  const { rows } = await sql.query(
    `SELECT c.agency_id AS "agencyId", c.id AS "customerId" FROM ${linked} WHERE c.external_id = $1`,
    [agencyId],
  );
  return customerRows.parse(rows)[0] ?? null;
}

const agencyRows = z.array(z.object({ id: z.string() }));

/** The agency that a client is; null for everybody else. */
export async function agencyOfCustomer(sql: Sql, customerId: string): Promise<string | null> {
  const { rows } = await sql.query(
    `SELECT a.id FROM ${linked} JOIN agencies a ON a.id = c.external_id AND NOT a.is_platform WHERE c.id = $1`,
    [customerId],
  );
  return agencyRows.parse(rows)[0]?.id ?? null;
}
