import { z } from 'zod';
import type { Sql } from '../database/database.ts';
import { agencySettings } from '../tenancy/agency.ts';

/** Days of service after a payment failed, where the agency says nothing: time for a card to be replaced. */
const graceDaysDefault = 3;

const settingsRows = z.array(z.object({ settings: agencySettings }));

export async function graceDaysOf(sql: Sql, agencyId: string): Promise<number> {
  const { rows } = await sql.query('SELECT settings FROM agencies WHERE id = $1', [agencyId]);
  return settingsRows.parse(rows)[0]?.settings.graceDays ?? graceDaysDefault;
}
