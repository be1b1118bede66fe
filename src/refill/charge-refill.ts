import { z } from 'zod';
import { inTransaction } from '../database/database.ts';
import type { Order } from '../database/generated/client.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { Money } from '../money/money.ts';
import type { OffSessionChargeRequest, OffSessionPort } from '../providers/card-ports.ts';
import { ProviderError } from '../providers/errors.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { callTimeoutMsDefault, runOperation } from '../providers/operation.ts';
import type { AccountRef, ProviderName, ProviderPayment } from '../providers/port.ts';
import { isServing } from '../tenancy/require-serving.ts';
import { eventPatienceMs, type RefillDependencies } from './dependencies.ts';
import { type EndedAttempt, endAttempt } from './end-attempt.ts';
import { loadSettings } from './refill.store.ts';

const jobPayload = z.object({ agencyId: z.string(), customerId: z.string(), refillId: z.string() });

/** What a charge needs of what is stored: the same after a crash, or the same key would name another request. */
interface Charge {
  readonly refillId: string;
  readonly paymentMethodId: string;
  readonly order: Order;
  readonly provider: ProviderName;
  readonly account: AccountRef;
  readonly offSession: OffSessionPort;
  readonly providerCustomerId: string;
  readonly request: OffSessionChargeRequest;
}

/**
 * The handler of `refill.charge`. Charges the card of a refill in flight under the refill's own key, so that it is charged once
 * whatever is lost on the way. Money that was taken is credited by its event, never by the charge's answer; where the event did
 * not come in a quarter of an hour, the provider is asked, and what it shows is settled as its event would have been. A decline ends
 * the refill; an unknown outcome leaves it in flight and throws, for another run to look it up.
 */
export async function chargeRefill(dependencies: RefillDependencies, payload: unknown): Promise<void> {
  const { database, clock } = dependencies;
  const { agencyId, refillId } = jobPayload.parse(payload);
  const charge = await prepareCharge(dependencies, agencyId, refillId);
  if (!charge) return;
  const obstacle = await obstacleOf(dependencies, charge);
  if (obstacle !== null) {
    const ended = { as: 'refused', paymentId: null, code: obstacle, message: withdrawals[obstacle] } as const;
    await inTransaction(database.pool, (sql) => endAttempt(dependencies, sql, keyOf(charge), ended));
    return;
  }
  const outcome = await attempt(dependencies, charge);
  if ('as' in outcome) {
    await inTransaction(database.pool, (sql) => endAttempt(dependencies, sql, keyOf(charge), outcome));
  } else if (clock.now().getTime() - charge.order.createdAt.getTime() >= eventPatienceMs) {
    await settleWithoutEvent(dependencies, charge, outcome.id);
  }
}

const keyOf = ({ order }: Charge) => ({ agencyId: order.agencyId, orderId: order.id });

/** What may have changed since the refill was decided, while its charge could not be sent. */
const withdrawals = {
  auto_refill_off: 'Auto-refill was switched off before the card was charged.',
  card_removed: 'The card was removed before it was charged.',
  not_serving: 'The client or its agency was disabled before the card was charged.',
} as const;

/**
 * Why a charge that was not made is not made any more; null where it is, or where it has been made. One in doubt is looked up, and throws
 * `ProviderError` while it is too early to believe that it is not there.
 */
async function obstacleOf(dependencies: RefillDependencies, charge: Charge): Promise<keyof typeof withdrawals | null> {
  const withdrawal = await withdrawalOf(dependencies, charge);
  if (withdrawal === null) return null;
  const { operations, clock } = dependencies;
  const sent = await operations.store.load(operationId(charge.refillId));
  if (sent === null) return withdrawal;
  if (sent.state !== 'sent') return null;
  const found = await charge.offSession.find(charge.account, charge.providerCustomerId, charge.order.id);
  if (found !== null) return null;
  if (clock.now().getTime() - sent.lastSentAt.getTime() >= callTimeoutMsDefault) return withdrawal;
  throw new ProviderError({ kind: 'indeterminate', message: `the charge of ${charge.order.id} may be under way` });
}

async function withdrawalOf(
  { database, isChargeable }: RefillDependencies,
  { paymentMethodId, order }: Charge,
): Promise<keyof typeof withdrawals | null> {
  const client = { agencyId: order.agencyId, customerId: order.customerId };
  if (!(await loadSettings(database.pool, client, 'read'))?.enabled) return 'auto_refill_off';
  if (!(await isChargeable(database.pool, order.agencyId, paymentMethodId))) return 'card_removed';
  return (await isServing(database.pool, client)) ? null : 'not_serving';
}

const operationId = (refillId: string): string => `refill:${refillId}`;

async function settleWithoutEvent(
  { database, providers, settlePayments }: RefillDependencies,
  { provider, account, order }: Charge,
  paymentId: string,
): Promise<void> {
  const payment = await providers[provider]?.payments?.retrieve(account, paymentId);
  if (payment?.status !== 'succeeded') return;
  const settled = {
    type: 'payment.settled',
    provider,
    providerAccountId: account.id,
    order: { agencyId: order.agencyId, orderId: order.id },
    paymentId,
    received: payment.amountReceived,
  } as const;
  await inTransaction(database.pool, (sql) =>
    settlePayments()(sql, [{ event: settled, source: `look-up:${paymentId}` }]),
  );
}

async function prepareCharge(
  { database, merchantAccounts, providers }: RefillDependencies,
  agencyId: string,
  refillId: string,
): Promise<Charge | null> {
  const { prisma } = database;
  const refill = await prisma.refill.findUnique({ where: { agencyId_id: { agencyId, id: refillId } } });
  // Settled meanwhile: its event was faster, or another run was.
  if (refill?.status !== 'in_flight') return null;
  const order = await prisma.order.findUniqueOrThrow({ where: { agencyId_id: { agencyId, id: refill.orderId } } });
  const account = await merchantAccounts.byId(order.merchantAccountId);
  const offSession = account ? providers[account.provider]?.offSession : undefined;
  if (!account || !offSession) throw new Error(`refill ${refillId} has no account that could charge it`);
  const credited = Money.of(order.credited.toFixed(), 'USD');
  return {
    refillId,
    paymentMethodId: refill.paymentMethodId,
    order,
    provider: account.provider,
    account: accountRefOf(account),
    offSession,
    providerCustomerId: refill.providerCustomerId,
    request: {
      orderId: order.id,
      metadata: {
        [metadataKeys.order]: order.id,
        [metadataKeys.customer]: order.customerId,
        [metadataKeys.agency]: order.agencyId,
      },
      providerCustomerId: refill.providerCustomerId,
      cardId: refill.providerCardId,
      amount: Money.of(order.charged.toFixed(), order.chargeCurrency),
      applicationFee: order.applicationFee.isZero()
        ? null
        : Money.of(order.applicationFee.toFixed(), order.chargeCurrency),
      description: `Auto-refill: ${credited} of balance`,
    },
  };
}

/** How the attempt ended; or its payment, while that may still bring money, which its event will tell. */
async function attempt(
  { operations }: RefillDependencies,
  { refillId, account, offSession, providerCustomerId, request }: Charge,
): Promise<EndedAttempt | ProviderPayment> {
  try {
    const payment = await runOperation(operations, {
      id: operationId(refillId),
      request,
      declineIsFinal: true,
      call: (idempotencyKey) => offSession.charge(account, request, { idempotencyKey }),
      lookUp: () => offSession.find(account, providerCustomerId, request.orderId),
    });
    return endOf(payment) ?? payment;
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    const { kind, code = null, declineCode = null, adviceCode = null, paymentId = null, message } = error.detail;
    if (kind === 'declined') return { as: 'declined', paymentId, message, decline: { code, declineCode, adviceCode } };
    if (kind === 'invalid' || kind === 'auth') return { as: 'refused', paymentId: null, message, code };
    throw error;
  }
}

/** What a payment that was found says: it may be one whose answer, a decline among them, was lost. */
export function endOf(payment: ProviderPayment): EndedAttempt | null {
  const { failure, id: paymentId } = payment;
  if (payment.status === 'requires_action') {
    const decline = { code: 'authentication_required', declineCode: 'authentication_required', adviceCode: null };
    return { as: 'declined', paymentId, message: 'The bank asks for the client’s confirmation.', decline };
  }
  if (payment.status === 'requires_payment_method' && failure) {
    const { code, declineCode, adviceCode, message } = failure;
    return { as: 'declined', paymentId, message, decline: { code, declineCode, adviceCode } };
  }
  if (payment.status === 'canceled') {
    return { as: 'refused', paymentId, message: 'The payment was cancelled at the provider.', code: 'canceled' };
  }
  return null;
}
