import type { Clock } from '../../src/clock.ts';
import type { ClaimedEvent } from '../../src/delivery/inbox.ts';
import type { AccountRef, PaymentProvider } from '../../src/providers/port.ts';
import { fetchPayment } from '../read-payment.ts';
import { readReversal } from '../read-reversals.ts';
import { readSubscription } from '../read-subscriptions.ts';
import { ignored, parked, type Resolved, type Translation } from '../translation.ts';
import { readWhopEvent } from './event.ts';
import { whopTranslatorFor } from './router.ts';

export interface WhopTranslationOptions {
  readonly provider: PaymentProvider;
  readonly clock: Clock;
  readonly platformAccountId: string;
  /** Whether the installation moves real money. Checked at the door, and again here: a replay does not pass the door. */
  readonly livemode: boolean;
}

export interface WhopEvents {
  /** What the event's own words mean, without asking anybody. */
  read(claimed: ClaimedEvent): Translation;
  /** What the event means; or, where the current object must be fetched to know, the call that fetches it. */
  translate(claimed: ClaimedEvent): Resolved | (() => Promise<Resolved>);
}

export function createWhopTranslation(options: WhopTranslationOptions): WhopEvents {
  const { provider, clock, platformAccountId } = options;

  /** The account as it is now: events come late and in any order. */
  const readAccount = async (accountId: string): Promise<Resolved> => {
    const readAt = clock.now();
    const found = await provider.accounts.retrieve(accountId);
    return { kind: 'account', event: { provider: provider.name, providerAccountId: accountId, found, readAt } };
  };

  const read = (claimed: ClaimedEvent) => {
    if (claimed.livemode !== options.livemode) {
      return ignored('wrong_livemode', 'a test event at a live service, or the reverse');
    }
    const event = readWhopEvent(claimed.payload.toString('utf8'));
    if (!event) return parked('internal', 'the stored body is no event');
    const translator = whopTranslatorFor(event.type);
    if (!translator) return ignored('unhandled_type', `${event.type} is not heard`);
    return translator(event, { accountId: claimed.account });
  };

  return {
    read,
    translate: (claimed) => {
      const account: AccountRef = { id: claimed.account, platform: claimed.account === platformAccountId };
      const translation = read(claimed);
      switch (translation.kind) {
        case 'hint':
          return () => fetchPayment(provider, account, translation);
        case 'subscription_hint':
          return () => readSubscription(options, account, translation);
        case 'refund_hint':
        case 'dispute_hint':
          return () => readReversal(provider, platformAccountId, account, translation);
        case 'account_hint':
          return () => readAccount(account.id);
        default:
          return translation;
      }
    },
  };
}
