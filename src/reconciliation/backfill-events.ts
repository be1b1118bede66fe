import type { Inbox } from '../delivery/inbox.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import type { EventsPort } from '../providers/refund-ports.ts';
import type { Finding } from './finding.ts';

export interface BackfillDependencies {
  readonly inbox: Pick<Inbox, 'store'>;
  /** Those that we hear. */
  readonly eventTypes: readonly string[];
  readonly onFound: (findings: readonly Finding[]) => Promise<void>;
}

/** Puts every event that an account's provider has since then, and that never came, into the inbox. Answers how many there were in all, and missed. */
export async function backfillEvents(
  { inbox, eventTypes, onFound }: BackfillDependencies,
  account: MerchantAccount,
  events: EventsPort,
  since: Date,
): Promise<{ readonly read: number; readonly missed: number }> {
  let [read, missed] = [0, 0];
  let after: string | null = null;
  do {
    const page = await events.listSince(accountRefOf(account), eventTypes, { since, after });
    const stored = await Promise.all(
      page.rows.map(({ id, type, livemode, at, payload }) =>
        inbox.store({
          provider: account.provider,
          account: account.providerAccountId,
          eventId: id,
          type,
          livemode,
          occurredAt: at,
          payload: Buffer.from(payload, 'utf8'),
        }),
      ),
    );
    const fresh = page.rows.filter((_event, index) => stored[index] === 'stored');
    await onFound(
      fresh.map(({ id, type }) => ({
        merchantAccountId: account.id,
        class: 'missed_event',
        subject: id,
        status: 'repaired',
        detail: { type },
      })),
    );
    read += page.rows.length;
    missed += fresh.length;
    after = page.next;
  } while (after !== null);
  return { read, missed };
}
