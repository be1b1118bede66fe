import { unsettledPayments } from '../src/checkout/unsettled-payments.ts';
import type { Clock } from '../src/clock.ts';
import { type Database, inTransaction } from '../src/database/database.ts';
import type { EventOutcome } from '../src/delivery/inbox.ts';
import { type AskedAccount, accountsToAsk, saveAsked } from '../src/merchant-accounts/asked-payments.ts';
import type { MerchantAccount } from '../src/merchant-accounts/merchant-account.ts';
import { accountRefOf, type MerchantAccounts } from '../src/merchant-accounts/merchant-accounts.ts';
import { ProviderError } from '../src/providers/errors.ts';
import type { AccountRef, PaymentProvider, ProviderName, ProviderPayment, Providers } from '../src/providers/port.ts';
import type { AskAccount, Unheard } from '../src/reconciliation/compare-payments.ts';
import { readAgain } from '../src/reconciliation/raised-payments.ts';
import { bookedPayments } from '../src/refunds/booked-payments.ts';
import { RefundNotKnownYet } from '../src/refunds/hear-refunds.ts';
import { overdueReadings } from '../src/subscriptions/overdue-readings.ts';
import { type Appliers, finalErrorCode } from './event-handler.ts';
import { orderNameOf } from './order-name.ts';
import { paymentNow } from './read-payment.ts';
import { readReversal } from './read-reversals.ts';
import { readSubscription } from './read-subscriptions.ts';
import type { Resolved } from './translation.ts';

/** Until then a delivery may still come: Whop's last retry is 70 seconds after the first try. */
const deliveredWithinMs = 120_000;

/** Asked again of what was asked before, for a payment that was written late. */
const overlapMs = 60_000;

/** What became of something that no event had told of. `parked`: it is ours, and a person has to look. */
export interface Found extends Unheard {
  readonly provider: ProviderName;
  readonly merchantAccountId: string;
}

type FoundObject = Pick<Found, 'about' | 'objectId'>;

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly appliers: Pick<Appliers, 'payment' | 'subscription' | 'refund' | 'dispute'>;
  readonly onFound: (found: Found) => void;
  /** Told of an account that could not be asked now; the next run asks again, from where it stood. */
  readonly onFailure: (merchantAccountId: string, error: unknown) => void;
}

export interface AskForPayments {
  /** Every account of such a provider, from where it was asked before up to where no delivery can come any more. */
  readonly all: () => Promise<void>;
  /** One account, up to now: for the reconciliation. Throws `ProviderError`. */
  readonly one: AskAccount;
}

/**
 * Asks the providers that stop telling of an event after a while what was paid, what went back of it, and what became of subscriptions whose
 * period is over. What is in the books already is left alone; the rest is applied as its event would have been, so that one that comes late
 * after all changes nothing.
 */
export function createAskForPayments(dependencies: Dependencies): AskForPayments {
  const { database, providers, onFailure } = dependencies;
  const asked = Object.values(providers).flatMap(({ name, payments }) => (payments?.listSince ? [name] : []));
  return {
    all: async () => {
      if (asked.length === 0) return;
      for (const account of await accountsToAsk(database.pool, asked)) {
        await askAgain(dependencies, account).catch((error: unknown) => onFailure(account.id, error));
      }
    },
    one: async (account, since, besides) =>
      (await ask(dependencies, account, { since, until: dependencies.clock.now(), besides })).found,
  };
}

async function askAgain(dependencies: Dependencies, asked: AskedAccount): Promise<void> {
  const { database, clock, merchantAccounts } = dependencies;
  const until = new Date(clock.now().getTime() - deliveredWithinMs);
  if (asked.askedUntil >= until) return;
  const account = await merchantAccounts.byId(asked.id);
  if (!account) return;
  const since = new Date(asked.askedUntil.getTime() - overlapMs);
  const { waits } = await ask(dependencies, account, { since, until, besides: [] });
  // Asked again from here, until the call is over.
  if (waits) throw waits;
  await saveAsked(database.pool, asked, until);
}

interface Asked {
  readonly found: readonly Found[];
  /** Of a refund that may be one of ours whose call is not over: what it is will be known later. */
  readonly waits: RefundNotKnownYet | null;
}

interface Question {
  readonly since: Date;
  readonly until: Date;
  /** Payments that are asked for whenever they were made. */
  readonly besides: readonly string[];
}

async function ask(
  dependencies: Dependencies,
  account: MerchantAccount,
  { since, until, besides }: Question,
): Promise<Asked> {
  const { database, providers } = dependencies;
  const provider = providers[account.provider];
  if (!provider?.payments?.listSince) return { found: [], waits: null };
  const ref = accountRefOf(account);
  const found: (Found | null)[] = [];
  let waits: RefundNotKnownYet | null = null;
  const listed = await provider.payments.listSince(ref, since, until);
  const paid = [...listed, ...(await readAgain(provider.payments, ref, besides, listed))].filter(isOurs);
  for (const payment of await unsettledPayments(database.pool, account, paid)) {
    const object = { about: 'payment', objectId: payment.id } as const;
    const settle = async () =>
      apply(dependencies, account, object, [await meaningOf(dependencies, provider, ref, payment)]);
    found.push(await parkedIfFinal(dependencies, account, object, settle));
  }
  const booked = await bookedPayments(
    database.pool,
    account,
    paid.map(({ id }) => id),
  );
  for (const { id, isReversed } of paid) {
    // A refund that failed after all leaves nothing to see on its payment.
    if (!isReversed && (booked.get(id)?.steps ?? 0) === 0) continue;
    const object = { about: 'reversal', objectId: id } as const;
    const takeBack = () => applyReversals(dependencies, provider, account, object);
    try {
      found.push(await parkedIfFinal(dependencies, account, object, takeBack));
    } catch (error) {
      if (!(error instanceof RefundNotKnownYet)) throw error;
      waits = error;
    }
  }
  for (const id of await overdueReadings(database.pool, account.id, until)) {
    const object = { about: 'state', objectId: id } as const;
    const read = async () =>
      apply(dependencies, account, object, [await readNow(dependencies, provider, ref, id, null)]);
    found.push(await parkedIfFinal(dependencies, account, object, read));
  }
  return { found: found.filter((each) => each !== null), waits };
}

/**
 * What would fail again however often it is asked is for a person, as its event would be, and keeps nothing after it from being applied. A
 * key that is not taken any more says nothing of one payment: asking ends there, and begins there again.
 */
async function parkedIfFinal(
  { onFound }: Pick<Dependencies, 'onFound'>,
  { id: merchantAccountId, provider }: MerchantAccount,
  object: FoundObject,
  ask: () => Promise<Found | null>,
): Promise<Found | null> {
  try {
    return await ask();
  } catch (error) {
    const reason = finalErrorCode(error);
    if (reason === null || (error instanceof ProviderError && error.kind === 'auth')) throw error;
    const found: Found = { ...{ provider, merchantAccountId, ...object }, outcome: 'parked', reason };
    onFound(found);
    return found;
  }
}

/** Found only where our books had not all of it. */
async function applyReversals(
  dependencies: Dependencies,
  provider: PaymentProvider,
  account: MerchantAccount,
  object: FoundObject,
): Promise<Found | null> {
  const { objectId: paymentId } = object;
  const { pool } = dependencies.database;
  const stepsOf = async (): Promise<number> =>
    (await bookedPayments(pool, account, [paymentId])).get(paymentId)?.steps ?? 0;
  const read = (kind: 'refund_hint' | 'dispute_hint') =>
    readReversal(provider, account.providerAccountId, accountRefOf(account), { kind, paymentId });
  const before = await stepsOf();
  const meanings = [await read('refund_hint'), await read('dispute_hint')];
  return apply(dependencies, account, object, meanings, async () => (await stepsOf()) !== before);
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
  object: FoundObject,
  meanings: readonly Resolved[],
  isNew: () => Promise<boolean> = async () => true,
): Promise<Found | null> {
  const source = `asked:${object.objectId}`;
  const outcomes: EventOutcome[] = [];
  for (const meaning of meanings) {
    const applied = await inTransaction(database.pool, async (sql) => {
      if (meaning.kind === 'payment') return appliers.payment(sql, [{ event: meaning.event, source }]);
      if (meaning.kind === 'subscription') return appliers.subscription(sql, [{ event: meaning.event, source }]);
      if (meaning.kind === 'refund') return appliers.refund(sql, [{ event: meaning.event, source }]);
      if (meaning.kind === 'dispute') return appliers.dispute(sql, [{ event: meaning.event, source }]);
      return [];
    });
    outcomes.push(...applied);
  }
  const parked = outcomes.find((outcome) => outcome.status === 'parked');
  if (outcomes.every(({ status }) => status === 'ignored') || !(parked || (await isNew()))) return null;
  const found: Found = {
    ...{ provider, merchantAccountId, ...object },
    outcome: parked ? 'parked' : 'applied',
    reason: parked ? parked.reason : null,
  };
  onFound(found);
  return found;
}
