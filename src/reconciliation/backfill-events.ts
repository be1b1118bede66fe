import type { EventName, Inbox } from '../delivery/inbox.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import type { EventsPort } from '../providers/refund-ports.ts';
import type { Finding } from './finding.ts';

export interface BackfillDependencies {
  readonly inbox: Pick<Inbox, 'store'>;
  /** Those that we hear. */
  readonly eventTypes: readonly string[];
  /** Waits for these events to be handled, for a while; answers the ids of those that are of nobody here. */
  readonly eventsHandled: (events: readonly EventName[]) => Promise<ReadonlySet<string>>;
  readonly onFound: (findings: readonly Finding[]) => Promise<void>;
}

/**
 * Puts every event that an account's provider has since then, and that never came, into the inbox, and waits until it is handled. Answers how many
 * there were in all, and how many were put there. Those of the account's other business were never missed.
 */
export async function backfillEvents(
  { inbox, eventTypes, eventsHandled, onFound }: BackfillDependencies,
  account: MerchantAccount,
  events: EventsPort,
  since: Date,
): Promise<{ readonly read: number; readonly stored: number }> {
  const { provider, providerAccountId } = account;
  let [read, stored] = [0, 0];
  let after: string | null = null;
  do {
    const page = await events.listSince(accountRefOf(account), eventTypes, { since, after });
    const kept = await Promise.all(
      page.rows.map(({ id, type, livemode, at, payload }) =>
        inbox.store({
          provider,
          account: providerAccountId,
          eventId: id,
          type,
          livemode,
          occurredAt: at,
          payload: Buffer.from(payload, 'utf8'),
        }),
      ),
    );
    const fresh = page.rows.filter((_event, index) => kept[index] === 'stored');
    const foreign = await eventsHandled(
      fresh.map(({ id: eventId }) => ({ provider, account: providerAccountId, eventId })),
    );
    await onFound(
      fresh
        .filter(({ id }) => !foreign.has(id))
        .map(({ id, type }) => ({
          merchantAccountId: account.id,
          class: 'missed_event',
          subject: id,
          status: 'repaired',
          detail: { type },
        })),
    );
    read += page.rows.length;
    stored += fresh.length;
    after = page.next;
  } while (after !== null);
  return { read, stored };
}
