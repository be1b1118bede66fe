import type { Clock } from '../src/clock.ts';
import { ProviderError } from '../src/providers/errors.ts';
import type { AccountRef, PaymentProvider, ProviderPayment } from '../src/providers/port.ts';
import type { ProviderInvoice, ProviderSubscription } from '../src/providers/subscription-ports.ts';
import type { InvoiceReading } from '../src/subscriptions/subscription-event.ts';
import { checkoutNameOf, subscriptionNameOf } from './names.ts';
import { type Hint, ignored, type Resolved } from './translation.ts';

type HintOf<Kind extends Hint['kind']> = Extract<Hint, { kind: Kind }>;

interface Reader {
  readonly provider: PaymentProvider;
  readonly clock: Clock;
}

/** The providers' codes of what is not there. */
const missingCodes: ReadonlySet<string> = new Set(['resource_missing', 'not_found']);

const isGone = (error: unknown): boolean => error instanceof ProviderError && missingCodes.has(error.detail.code ?? '');

/** The subscription as it is now and, where the event was about one, the invoice with what became of its payment. */
export async function readSubscription(
  { provider, clock }: Reader,
  account: AccountRef,
  { subscriptionId, invoiceId, failedAt, trialWillEnd }: HintOf<'subscription_hint'>,
): Promise<Resolved> {
  const { name, subscriptions, invoices } = provider;
  if (!subscriptions || !invoices) return ignored('no_subscriptions', 'this provider has no subscriptions to look at');
  // Before the calls: what they show may be newer than this, and never older.
  const readAt = clock.now();
  try {
    const invoice = invoiceId === null ? null : await invoices.retrieve(account, invoiceId);
    const id = subscriptionId ?? invoice?.subscriptionId ?? null;
    if (id === null) return ignored('foreign', 'the invoice is of no subscription');
    const subscription = await subscriptions.retrieve(account, id);
    const named = subscriptionNameOf(subscription.metadata);
    if (!named) return ignored('foreign', 'nobody began this subscription here');
    const reading = invoice && (await invoiceReading(provider, account, invoice, failedAt));
    return {
      kind: 'subscription',
      event: {
        type: 'subscription.read',
        provider: name,
        providerAccountId: account.id,
        ...named,
        subscription,
        reading,
        trialWillEnd,
        trialCard: await trialCardOf(provider, account, subscription),
        readAt,
      },
    };
  } catch (error) {
    if (isGone(error)) return ignored('no_subscription', 'the subscription is gone');
    throw error;
  }
}

/** By which number a trial is had: the same card serves one trial, whoever holds it. */
async function trialCardOf(
  { cards }: PaymentProvider,
  account: AccountRef,
  { status, defaultCardId }: ProviderSubscription,
): Promise<string | null> {
  if (status !== 'trialing' || defaultCardId === null || !cards) return null;
  return (await cards.retrieve(account, defaultCardId))?.fingerprint ?? null;
}

async function invoiceReading(
  { payments }: PaymentProvider,
  account: AccountRef,
  invoice: ProviderInvoice,
  failedAt: Date | null,
): Promise<InvoiceReading> {
  const [paymentId] = invoice.paymentIds;
  const payment = paymentId === undefined || !payments ? null : await payments.retrieve(account, paymentId);
  return {
    invoice,
    applicationFee: payment?.applicationFee ?? invoice.total.minus(invoice.total),
    failure: failedAt && failureOf(invoice, payment, failedAt),
  };
}

const failureOf = (
  invoice: ProviderInvoice,
  payment: ProviderPayment | null,
  occurredAt: Date,
): InvoiceReading['failure'] => ({
  // Each try is one line: a retry by the provider counts up, and one by hand has a time of its own.
  fact: `${invoice.id}:${invoice.attemptCount}:${Math.floor(occurredAt.getTime() / 1000)}`,
  code: payment?.failure?.code ?? (payment?.status === 'requires_action' ? 'authentication_required' : null),
  declineCode: payment?.failure?.declineCode ?? null,
  adviceCode: payment?.failure?.adviceCode ?? null,
  message: payment?.failure?.message ?? null,
  occurredAt,
});

/** The card that a client saved for a subscription which is to be made with it. */
export async function readSubscriptionSetup(
  { name, cards }: PaymentProvider,
  account: AccountRef,
  { setupIntentId, checkout }: HintOf<'subscription_setup_hint'>,
): Promise<Resolved> {
  if (!cards) return ignored('no_cards', 'no cards are saved at this provider');
  const found = await cards.retrieveSetup(account, setupIntentId);
  if (found.cardId === null) return ignored('not_saved', `the session is ${found.status} now`);
  const named = checkoutNameOf(found.metadata) ?? checkout;
  return {
    kind: 'subscription',
    event: {
      type: 'checkout.card_saved',
      provider: name,
      providerAccountId: account.id,
      ...named,
      cardId: found.cardId,
    },
  };
}
