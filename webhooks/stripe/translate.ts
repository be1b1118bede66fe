import type Stripe from 'stripe';
import type { Clock } from '../../src/clock.ts';
import type { ClaimedEvent } from '../../src/delivery/inbox.ts';
import type { AccountRef, PaymentProvider } from '../../src/providers/port.ts';
import { fetchPayment } from '../read-payment.ts';
import { readReversal } from '../read-reversals.ts';
import { readSubscription, readSubscriptionSetup } from '../read-subscriptions.ts';
import { type Hint, ignored, parked, type Resolved, type Translation } from '../translation.ts';
import type { Translator } from './event.ts';
import { isNotificationType } from './notification.ts';
import { readCard, readHold, readSetup } from './read-cards.ts';
import { stripeTranslatorFor } from './router.ts';
import { storedStripeEvent } from './verify.ts';

/** Events parsed by the receiver of this process keep their object; those from the database are parsed again. */
const eventOf = (claimed: ClaimedEvent): Stripe.Event =>
  storedEvents(claimed.parsed) ?? storedStripeEvent(claimed.payload);

const storedEvents = (parsed: unknown): Stripe.Event | null => (isEvent(parsed) ? parsed : null);

const isEvent = (value: unknown): value is Stripe.Event =>
  typeof value === 'object' && value !== null && 'object' in value && value.object === 'event';

export interface StripeTranslation {
  /** What the event's own words mean, without asking anybody. */
  read(claimed: ClaimedEvent): Translation;
  /** What the event means; or, where the current object must be fetched to know, the call that fetches it. */
  translate(claimed: ClaimedEvent): Resolved | (() => Promise<Resolved>);
}

export interface StripeTranslationOptions {
  readonly provider: PaymentProvider;
  readonly clock: Clock;
  readonly platformAccountId: string;
  /** Whether events should be of live mode. Checked at the door, and again here: a replay does not pass the door. */
  readonly livemode: boolean;
}

export function createStripeTranslation(options: StripeTranslationOptions): StripeTranslation {
  const { provider, platformAccountId } = options;
  const read = (claimed: ClaimedEvent): Translation => {
    if (claimed.livemode !== options.livemode) {
      return ignored('wrong_livemode', 'a test event at a live service, or the reverse');
    }
    if (isNotificationType(claimed.type)) return { kind: 'meter_hint', eventId: claimed.eventId };
    const event = eventOf(claimed);
    const translator = stripeTranslatorFor(event.type);
    if (!translator) return ignored('unhandled_type', `${event.type} is not heard`);
    return translateKnown(translator, event, claimed.account, provider.apiVersion);
  };
  return {
    read,
    translate: (claimed) => {
      const translation = read(claimed);
      if (!isHint(translation)) return translation;
      const account = { id: claimed.account, platform: claimed.account === platformAccountId };
      return () => resolve(options, account, translation);
    },
  };
}

const hintKinds: Readonly<Record<Hint['kind'], true>> = {
  hint: true,
  account_hint: true,
  setup_hint: true,
  card_hint: true,
  hold_hint: true,
  refund_hint: true,
  late_failure_hint: true,
  dispute_hint: true,
  fee_return_hint: true,
  subscription_hint: true,
  subscription_setup_hint: true,
  meter_hint: true,
};

const isHint = (translation: Translation): translation is Hint => Object.hasOwn(hintKinds, translation.kind);

/** Reads what the hint is about. Throws `ProviderError`. */
async function resolve(options: StripeTranslationOptions, account: AccountRef, hint: Hint): Promise<Resolved> {
  const { provider } = options;
  switch (hint.kind) {
    case 'hint':
      return fetchPayment(provider, account, hint);
    case 'account_hint':
      return readAccount(options, account.id);
    case 'setup_hint':
      return readSetup(provider, account, hint);
    case 'card_hint':
      return readCard(provider, account, hint);
    case 'hold_hint':
      return readHold(provider, account, hint);
    case 'refund_hint':
    case 'late_failure_hint':
    case 'dispute_hint':
    case 'fee_return_hint':
      return readReversal(provider, options.platformAccountId, account, hint);
    case 'subscription_hint':
      return readSubscription(options, account, hint);
    case 'subscription_setup_hint':
      return readSubscriptionSetup(provider, account, hint);
    case 'meter_hint':
      return readMeterErrors(provider, account, hint.eventId);
  }
}

/** The report that a notification tells of. */
async function readMeterErrors(provider: PaymentProvider, account: AccountRef, eventId: string): Promise<Resolved> {
  if (!provider.metering) return ignored('no_metering', 'this provider has no meters to look at');
  const report = await provider.metering.readErrors(account, eventId);
  return { kind: 'meter', event: { provider: provider.name, providerAccountId: account.id, report } };
}

/** Only what names an order of ours gets as far as its amount: one in a currency we have never heard of cannot be that order's. */
function translateKnown(
  translator: Translator,
  event: Stripe.Event,
  accountId: string,
  apiVersion: string,
): Translation {
  try {
    return translator(event, { accountId, apiVersion });
  } catch (error) {
    if (error instanceof RangeError) return parked('currency_mismatch', error.message);
    throw error;
  }
}

/** The account as it is now: events come late and in any order, and what they carry is what it once was. */
async function readAccount({ provider, clock }: StripeTranslationOptions, accountId: string): Promise<Resolved> {
  const readAt = clock.now();
  const found = await provider.accounts.retrieve(accountId);
  return { kind: 'account', event: { provider: provider.name, providerAccountId: accountId, found, readAt } };
}
