import { Decimal } from 'decimal.js';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { accountRefOf, type MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { ProviderError } from '../providers/errors.ts';
import type { Providers } from '../providers/port.ts';
import { resendOfDays, resolveDifferences, saveDifferences, selectSent } from './compare-meters.sql.ts';
import { takenMs } from './meter-window.ts';

export interface CompareDependencies {
  readonly database: Pick<Database, 'pool'>;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: Pick<MerchantAccounts, 'byId'>;
  /** Told of a client's meter that could not be compared; the others are. */
  readonly onFailure: (subject: string, error: unknown) => void;
}

interface SentRow {
  readonly agencyId: string;
  readonly customerId: string;
  readonly merchantAccountId: string;
  readonly meterId: string;
  readonly feature: string;
  readonly providerCustomerId: string;
  readonly day: Date;
  readonly sent: string;
  readonly underWay: boolean;
}

interface Day {
  readonly day: string;
  readonly sent: Decimal;
  readonly counted: Decimal;
}

const dayMs = 86_400_000;
/** The provider keeps identifiers unique for a day: an hour is left for the call to get through. */
const knownMs = 23 * 3_600_000;

const startOfDay = (time: number): Date => new Date(Math.floor(time / dayMs) * dayMs);
const nameOfDay = (day: Date): string => day.toISOString().slice(0, 10);

/**
 * We sent X, the provider counted Y: by client, meter and whole UTC day, as far back as the provider takes events. What differs is
 * kept until it does not; what is missing is sent again where the provider would still know it. Run once a day, when the provider has had
 * time to count the day before. Answers how many days differ.
 */
export async function compareMeters(dependencies: CompareDependencies): Promise<number> {
  const { database, clock, onFailure } = dependencies;
  const now = clock.now().getTime();
  const span = { from: startOfDay(now - takenMs), until: startOfDay(now) };
  const { rows } = await database.pool.query<SentRow>(selectSent, [span.from, span.until]);
  const meters = Map.groupBy(rows, (row) => `${row.customerId} ${row.merchantAccountId} ${row.meterId}`);
  let differing = 0;
  for (const [name, days] of meters) {
    try {
      differing += await compareOne(dependencies, days, span);
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      onFailure(name, error);
    }
  }
  return differing;
}

async function compareOne(
  { database: { pool }, clock, providers, merchantAccounts }: CompareDependencies,
  rows: readonly SentRow[],
  span: { readonly from: Date; readonly until: Date },
): Promise<number> {
  const [first] = rows;
  const account = first && (await merchantAccounts.byId(first.merchantAccountId));
  const metering = account && providers[account.provider]?.metering;
  if (!first || !account || !metering) return 0;
  const found = await metering.summaries(accountRefOf(account), first.meterId, first.providerCustomerId, span);
  const counted = new Map(found.map(({ day, value }) => [nameOfDay(day), value]));
  const days = rows
    .filter(({ underWay }) => !underWay)
    .map(({ day, sent }): Day => {
      const name = nameOfDay(day);
      return { day: name, sent: new Decimal(sent), counted: counted.get(name) ?? new Decimal(0) };
    });
  const known = new Set(rows.map(({ day }) => nameOfDay(day)));
  const unknown = [...counted]
    .filter(([day]) => !known.has(day))
    .map(([day, value]): Day => ({ day, sent: new Decimal(0), counted: value }));
  const differing = [...days, ...unknown].filter(({ sent, counted }) => !sent.equals(counted));
  const underWay = rows.filter((row) => row.underWay).map(({ day }) => nameOfDay(day));
  const left = [...underWay, ...differing.map(({ day }) => day)];
  const key = [first.agencyId, first.customerId, first.merchantAccountId, first.meterId];
  const now = clock.now();
  await pool.query(resolveDifferences, [...key, nameOfDay(span.from), nameOfDay(span.until), left, now]);
  if (differing.length === 0) return 0;
  await pool.query(saveDifferences, [
    ...key,
    first.feature,
    differing.map(({ day }) => day),
    differing.map(({ sent }) => sent.toFixed()),
    differing.map(({ counted }) => counted.toFixed()),
    now,
  ]);
  const missing = differing.filter(({ sent, counted }) => counted.lessThan(sent)).map(({ day }) => day);
  await pool.query(resendOfDays, [...key, missing, new Date(now.getTime() - knownMs), now]);
  return differing.length;
}
