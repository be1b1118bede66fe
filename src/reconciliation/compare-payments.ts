import type { Database } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import type { Money } from '../money/money.ts';
import { metadataKeys } from '../providers/metadata.ts';
import type { AccountRef, PaymentProvider, PaymentsPort, ProviderPayment } from '../providers/port.ts';
import type { BalanceMovement } from '../providers/refund-ports.ts';
import { bookedPayments } from '../refunds/booked-payments.ts';
import type { Compared } from './compare-books.ts';
import type { Finding } from './finding.ts';
import { raisedPayments, readAgain } from './raised-payments.ts';
import { Sums } from './sums.ts';

/** What asking a provider found that no event had told of. */
export interface Unheard {
  /** `state`: how a subscription stands, without a payment. */
  readonly about: 'payment' | 'reversal' | 'state';
  readonly objectId: string;
  readonly outcome: 'applied' | 'parked';
  readonly reason: string | null;
}

/**
 * Asks an account's provider for all that it was paid since then and what went back of it, and for the payments that are named besides, and
 * applies what was not heard.
 */
export type AskAccount = (
  account: MerchantAccount,
  since: Date,
  besides: readonly string[],
) => Promise<readonly Unheard[]>;

export interface ComparePaymentsDependencies {
  readonly database: Pick<Database, 'pool'>;
  readonly askAccount: AskAccount;
  readonly followPayments: () => Promise<void>;
  readonly onFound: (findings: readonly Finding[]) => Promise<void>;
  readonly onInOrder: (account: MerchantAccount, subjects: readonly string[]) => Promise<void>;
}

interface Comparison {
  readonly account: MerchantAccount;
  readonly provider: PaymentProvider;
  readonly payments: PaymentsPort | undefined;
  readonly since: Date;
}

const classOf = { payment: 'missing_credit', reversal: 'missing_reversal', state: 'missed_event' } as const;

/**
 * The comparison where a provider does not show its balance: each payment that was made or changed since then, less what went back of it,
 * against what our books have left of it. Fees, payouts and the platform's part are not compared, for nothing tells of them. Throws `ProviderError`.
 */
export async function comparePayments(
  dependencies: ComparePaymentsDependencies,
  comparison: Comparison,
): Promise<Compared> {
  const { account, provider, since } = comparison;
  const raisedBefore = await raisedPayments(dependencies.database.pool, account.id);
  const unheard = await dependencies.askAccount(account, since, raisedBefore);
  if (unheard.length > 0) await dependencies.followPayments();
  await dependencies.onFound(unheard.map((found) => findingOf(account, found)));

  const ref = accountRefOf(account);
  const listed = (await comparison.payments?.listSince?.(ref, since)) ?? [];
  // However long past, for a person may have put things right: what agrees now is closed.
  const again = comparison.payments ? await readAgain(comparison.payments, ref, raisedBefore, listed) : [];
  const ofThisTime = new Set(listed.map(({ id }) => id));
  const payments = [...listed.filter(({ amountReceived }) => amountReceived.isPositive), ...again];
  const booked = await bookedPayments(
    dependencies.database.pool,
    account,
    payments.map(({ id }) => id),
  );
  const sums = new Sums();
  const raised: Finding[] = [];
  const inOrder: string[] = [];
  const parked = new Set(unheard.flatMap(({ outcome, objectId }) => (outcome === 'parked' ? [objectId] : [])));
  const isRaised = new Set([...raisedBefore, ...parked]);
  for (const payment of payments) {
    const known = booked.get(payment.id);
    // An agency's other business may be thousands of payments a day: nothing more is asked about them.
    if (!known && !(metadataKeys.order in payment.metadata) && !isRaised.has(payment.id)) {
      if (payment.amountReceived.currency.code !== account.effectiveCurrency) continue;
      sums.add(payment.amountReceived, payment.amountReceived.minus(payment.amountReceived));
      sums.explain('foreign', payment.amountReceived);
      continue;
    }
    const wentBack = payment.isReversed || (known?.steps ?? 0) > 0;
    const left = wentBack ? payment.amountReceived.minus(await goneOf(provider, ref, payment)) : payment.amountReceived;
    const difference = known ? left.minus(known.left) : left;
    if (difference.isZero) inOrder.push(payment.id);
    // The report is of this time: what was raised before is raised still.
    if (!ofThisTime.has(payment.id)) continue;
    sums.add(left, known?.left ?? left.minus(left));
    if (difference.isZero) continue;
    sums.explain('raised', difference);
    const detail = { provider: left.toString(), books: known?.left.toString() ?? 'nothing', paymentId: payment.id };
    raised.push({
      ...{ merchantAccountId: account.id, class: known ? 'amount_differs' : 'unknown_payment' },
      ...{ subject: payment.id, status: 'raised', detail },
    });
  }
  const seen = new Set([...listed, ...again].map(({ id }) => id));
  // A subscription is read at each run until what it says can be applied.
  const settled = raisedBefore.filter((id) => !seen.has(id) && !parked.has(id));
  await dependencies.onInOrder(account, [...inOrder, ...settled]);
  await dependencies.onFound(raised);
  const isInOrder = raised.length === 0 && unheard.length === 0;
  return { sums: sums.all(), isInOrder };
}

const findingOf = (account: MerchantAccount, { about, objectId, outcome, reason }: Unheard): Finding => ({
  merchantAccountId: account.id,
  class: outcome === 'applied' ? classOf[about] : 'unknown_payment',
  subject: objectId,
  status: outcome === 'applied' ? 'repaired' : 'raised',
  detail: reason === null ? {} : { reason },
});

/** What has left of a payment, by what its provider shows of refunds and disputes. */
async function goneOf(provider: PaymentProvider, account: AccountRef, payment: ProviderPayment): Promise<Money> {
  const none = payment.amountReceived.minus(payment.amountReceived);
  const refunds = (await provider.refunds?.listOfPayment(account, payment.id)) ?? [];
  const disputes = (await provider.disputes?.listOfPayment(account, payment.id)) ?? [];
  const movements: readonly BalanceMovement[] = [...refunds, ...disputes].flatMap((each) => each.movements);
  return movements.reduce(
    (sum, { kind, charged }) => (kind === 'withdrawn' ? sum.plus(charged) : sum.minus(charged)),
    none,
  );
}
