import { unsettledPayments } from '../src/checkout/unsettled-payments.ts';
import type { Clock } from '../src/clock.ts';
import { type Database, inTransaction } from '../src/database/database.ts';
import { type AskedAccount, accountsToAsk, saveAsked } from '../src/merchant-accounts/asked-payments.ts';
import type { MerchantAccount } from '../src/merchant-accounts/merchant-account.ts';
import { accountRefOf, type MerchantAccounts } from '../src/merchant-accounts/merchant-accounts.ts';
import type { AccountRef, PaymentProvider, ProviderName, ProviderPayment, Providers } from '../src/providers/port.ts';
import { overdueReadings } from '../src/subscriptions/overdue-readings.ts';
import type { Appliers } from './event-handler.ts';
import { orderNameOf } from './order-name.ts';
import { paymentNow } from './read-payment.ts';
import { readSubscription } from './read-subscriptions.ts';
import type { Resolved } from './translation.ts';

/** Until then a delivery may still come: Whop's last retry is 70 seconds after the first try. */
const deliveredWithinMs = 120_000;

/** Asked again of what was asked before, for a payment that was written late. */
const overlapMs = 60_000;

/** What became of something that no event had told of. `parked`: it is ours, and a person has to look. */
export interface Found {
  readonly provider: ProviderName;
  readonly merchantAccountId: string;
  /** The provider's payment or subscription. */
  readonly objectId: string;
  readonly outcome: 'applied' | 'parked';
  readonly reason: string | null;
}

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly appliers: Pick<Appliers, 'payment' | 'subscription'>;
  readonly onFound: (found: Found) => void;
  /** Told of an account that could not be asked now; the next run asks again, from where it stood. */
  readonly onFailure: (merchantAccountId: string, error: unknown) => void;
}

/**
 * Asks the providers that stop telling of an event after a while what was paid, and what became of subscriptions whose period is over.
 * What settled something already is left alone; the rest is applied as its event would have been, so that one that comes late after all
 * changes nothing.
 */
export function createAskForPayments(dependencies: Dependencies): () => Promise<void> {
  const { database, providers, onFailure } = dependencies;
  const asked = Object.values(providers).flatMap(({ name, payments }) => (payments?.listSince ? [name] : []));
  return async () => {
    if (asked.length === 0) return;
    for (const account of await accountsToAsk(database.pool, asked)) {
      await ask(dependencies, account).catch((error: unknown) => onFailure(account.id, error));
    }
  };
}

async function ask(dependencies: Dependencies, asked: AskedAccount): Promise<void> {
  const { database, clock, providers, merchantAccounts } = dependencies;
  const until = new Date(clock.now().getTime() - deliveredWithinMs);
  if (asked.askedUntil >= until) return;
  const account = await merchantAccounts.byId(asked.id);
  const provider = account && providers[account.provider];
  if (!account || !provider?.payments?.listSince) return;
  const ref = accountRefOf(account);
  const since = new Date(asked.askedUntil.getTime() - overlapMs);
  const paid = (await provider.payments.listSince(ref, since, until)).filter(isOurs);
  for (const payment of await unsettledPayments(database.pool, account, paid)) {
    await apply(dependencies, account, payment.id, await meaningOf(dependencies, provider, ref, payment));
  }
  for (const id of await overdueReadings(database.pool, account.id, until)) {
    await apply(dependencies, account, id, await readNow(dependencies, provider, ref, id, null));
  }
  await saveAsked(database.pool, asked, until);
}

const isOurs = ({ status, metadata, subscriptionId }: ProviderPayment): boolean =>
  status === 'succeeded' && (subscriptionId !== undefined || orderNameOf(metadata) !== null);

const meaningOf = async (
  dependencies: Dependencies,
  provider: PaymentProvider,
  account: AccountRef,
  payment: ProviderPayment,
): Promise<Resolved> =>
  payment.subscriptionId === undefined || orderNameOf(payment.metadata)
    ? paymentNow(provider.name, account, payment)
    : readNow(dependencies, provider, account, payment.subscriptionId, payment.id);

const readNow = (
  { clock }: Dependencies,
  provider: PaymentProvider,
  account: AccountRef,
  subscriptionId: string,
  invoiceId: string | null,
): Promise<Resolved> =>
  readSubscription({ provider, clock }, account, {
    kind: 'subscription_hint',
    subscriptionId,
    invoiceId,
    failedAt: null,
    trialWillEnd: false,
  });

async function apply(
  { database, appliers, onFound }: Dependencies,
  { id: merchantAccountId, provider }: MerchantAccount,
  objectId: string,
  meaning: Resolved,
): Promise<void> {
  const source = `asked:${objectId}`;
  const [outcome] = await inTransaction(database.pool, async (sql) => {
    if (meaning.kind === 'payment') return appliers.payment(sql, [{ event: meaning.event, source }]);
    if (meaning.kind === 'subscription') return appliers.subscription(sql, [{ event: meaning.event, source }]);
    return [];
  });
  if (!outcome) return;
  const isParked = outcome.status === 'parked';
  onFound({
    provider,
    merchantAccountId,
    objectId,
    outcome: isParked ? 'parked' : 'applied',
    reason: isParked ? outcome.reason : null,
  });
}
