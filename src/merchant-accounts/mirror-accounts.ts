import type { Sql } from '../database/database.ts';
import type { AgencyAccounts } from './agency-accounts.ts';
import type { AccountReading } from './mirror-account.ts';

/** A reading and what told us to read (`event:evt_...`). */
export interface SourcedReading {
  readonly event: Omit<AccountReading, 'source'>;
  readonly source: string;
}

/** Rows are locked in the order of their names, as every batch does; of one account the older reading comes first. */
const byAccountAndTime = (a: SourcedReading, b: SourcedReading): number => {
  const [left, right] = [a.event.providerAccountId, b.event.providerAccountId];
  if (left !== right) return left < right ? -1 : 1;
  return a.event.readAt.getTime() - b.event.readAt.getTime();
};

/** Applies readings that events led to, in the caller's transaction. Each is done: one that is too old has nothing to say. */
export const createMirrorAccounts =
  ({ apply }: Pick<AgencyAccounts, 'apply'>) =>
  async (sql: Sql, batch: readonly SourcedReading[]): Promise<readonly { readonly status: 'done' }[]> => {
    for (const { event, source } of [...batch].sort(byAccountAndTime)) await apply(sql, { ...event, source });
    return batch.map(() => ({ status: 'done' as const }));
  };
