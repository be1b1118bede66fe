import type { Sql } from '../database/database.ts';
import { isOfNobodyHere } from '../providers/errors.ts';
import type { AccountRef, PaymentsPort, ProviderPayment } from '../providers/port.ts';
import { raisedSubjects } from './reconciliation.sql.ts';

/** The provider's ids of what was raised of an account's payments, and is not in order yet. */
export async function raisedPayments(sql: Sql, merchantAccountId: string): Promise<readonly string[]> {
  const { rows } = await sql.query<{ subject: string }>(raisedSubjects, [merchantAccountId]);
  return rows.map(({ subject }) => subject);
}

/** Those of them that are payments, as they are now, but for those that were listed. Throws `ProviderError`. */
export async function readAgain(
  payments: Pick<PaymentsPort, 'retrieve'>,
  account: AccountRef,
  raised: readonly string[],
  listed: readonly ProviderPayment[],
): Promise<readonly ProviderPayment[]> {
  const known = new Set(listed.map(({ id }) => id));
  const found: ProviderPayment[] = [];
  for (const id of raised) {
    if (known.has(id)) continue;
    try {
      found.push(await payments.retrieve(account, id));
    } catch (error) {
      // A subscription is raised by its own id.
      if (!isOfNobodyHere(error)) throw error;
    }
  }
  return found;
}
