import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { MeterErrorReport } from '../providers/meter-ports.ts';
import type { ProviderName } from '../providers/port.ts';
import { raiseAlert, refuseReported, wakeWindows } from './meter.sql.ts';

/** A provider found something wrong with events that it had taken. */
export interface MeterErrorsEvent {
  readonly provider: ProviderName;
  readonly providerAccountId: string;
  readonly report: MeterErrorReport;
}

type Outcome = { readonly status: 'done' } | { readonly status: 'parked'; readonly reason: string };

const day = 86_400_000;

interface Dependencies {
  readonly clock: Clock;
  readonly merchantAccounts: Pick<MerchantAccounts, 'byProviderAccount'>;
}

/**
 * Folds reports of errors onto the events that they name: those were not counted, and are made again a day later. A report names some
 * of its events, not all: the rest is found by the daily comparison. Events that are not ours are other business of the account.
 */
export const createApplyMeterErrors =
  ({ clock, merchantAccounts }: Dependencies) =>
  async (sql: Sql, batch: readonly { readonly event: MeterErrorsEvent }[]): Promise<readonly Outcome[]> => {
    const outcomes: Outcome[] = [];
    for (const { event } of batch) {
      const account = await merchantAccounts.byProviderAccount(event.provider, event.providerAccountId, sql);
      if (account) await fold(sql, account.id, event.report, clock.now());
      outcomes.push(
        account ? { status: 'done' } : { status: 'parked', reason: 'unknown_account: the account is not known here' },
      );
    }
    return outcomes;
  };

async function fold(sql: Sql, accountId: string, { errors }: MeterErrorReport, now: Date): Promise<void> {
  const samples = errors.flatMap(({ code, samples }) => samples.map((sample) => ({ code, ...sample })));
  const named = [...new Map(samples.map((sample) => [sample.identifier, sample])).values()];
  const { rows } = await sql.query<{ agencyId: string; identifier: string }>(refuseReported, [
    accountId,
    named.map(({ identifier }) => identifier),
    named.map(({ code }) => code),
    named.map(({ message }) => message),
    now,
  ]);
  const again = new Date(now.getTime() + day);
  const columns = [rows.map(({ agencyId }) => agencyId), rows.map(({ identifier }) => identifier)];
  await sql.query(wakeWindows, [...columns, again, again]);
  for (const { agencyId, identifier } of rows) {
    const { code, message } = named.find((sample) => sample.identifier === identifier) ?? {};
    const detail = JSON.stringify({ reason: code, message });
    await sql.query(raiseAlert, [agencyId, 'usage_refused', identifier, newId('alert'), detail, now]);
  }
}
