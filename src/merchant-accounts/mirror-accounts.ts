import type { Sql } from '../database/database.ts';
import type { AgencyAccounts } from './agency-accounts.ts';
import type { AccountReading } from './mirror-account.ts';

/** A reading and what told us to read (`event:evt_...`). */
export interface SourcedReading {
  readonly event: Omit<AccountReading, 'source'>;
  readonly source: string;
}

/** Applies readings that events led to, oldest first, in the caller's transaction. Each is done: one that is too old has nothing to say. */
export const createMirrorAccounts =
  ({ apply }: Pick<AgencyAccounts, 'apply'>) =>
  async (sql: Sql, batch: readonly SourcedReading[]): Promise<readonly { readonly status: 'done' }[]> => {
    // Rows are locked in the order of their names, as every batch does.
    const ordered = [...batch].sort(
      (a, b) =>
        (a.event.providerAccountId < b.event.providerAccountId ? -1 : 1) *
          Number(a.event.providerAccountId !== b.event.providerAccountId) ||
        a.event.readAt.getTime() - b.event.readAt.getTime(),
    );
    for (const { event, source } of ordered) await apply(sql, { ...event, source });
    return batch.map(() => ({ status: 'done' as const }));
  };
