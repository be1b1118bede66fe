import type { Sql } from '../database/database.ts';
import { Money } from '../money/money.ts';
import type { ClientKey } from './refill.store.ts';

/** What of a client's money is on its way back, or went. */
export interface MoneyBack {
  /** Its bank asks about a payment, or has taken one back, and has not decided. */
  readonly disputeOpen: boolean;
  /** USD of balance that refunds, disputes and late failures took since the client or its agency last acted; zero or below for none. */
  readonly wentBack: Money;
}

/** Whoever changes settings, resets or pays by hand has acted. Parameters: agency, client. */
const selectMoneyBack = `
SELECT EXISTS (SELECT 1 FROM disputes d
                WHERE d.agency_id = a.agency_id AND d.customer_id = a.customer_id
                  AND d.status IN ('needs_response', 'under_review')) AS disputed,
       (SELECT coalesce(sum(r.credited), 0)::text
          FROM orders o JOIN reversals r ON r.agency_id = o.agency_id AND r.order_id = o.id
         WHERE o.agency_id = a.agency_id AND o.customer_id = a.customer_id AND o.kind IN ('top_up', 'refill')
           AND r.created_at > greatest(a.updated_at, (
             SELECT max(p.paid_at) FROM orders p
              WHERE p.agency_id = a.agency_id AND p.customer_id = a.customer_id AND p.kind = 'top_up'))) AS went_back
  FROM auto_refills a WHERE a.agency_id = $1 AND a.customer_id = $2`;

export async function moneyBackOf(sql: Sql, { agencyId, customerId }: ClientKey): Promise<MoneyBack> {
  const { rows } = await sql.query<{ disputed: boolean; went_back: string }>(selectMoneyBack, [agencyId, customerId]);
  return { disputeOpen: rows[0]?.disputed === true, wentBack: Money.of(rows[0]?.went_back ?? '0', 'USD') };
}

/** A person has looked at the client's refills: what went back before stands in their way no more. */
export async function noteAct(sql: Sql, { agencyId, customerId }: ClientKey, now: Date): Promise<void> {
  await sql.query('UPDATE auto_refills SET updated_at = $3 WHERE agency_id = $1 AND customer_id = $2', [
    agencyId,
    customerId,
    now,
  ]);
}
