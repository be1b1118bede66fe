import { z } from 'zod';
import { inTransaction } from '../database/database.ts';
import type { Job } from '../delivery/jobs.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { Money } from '../money/money.ts';
import { ProviderError } from '../providers/errors.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { runOperation } from '../providers/operation.ts';
import type { ProviderRefund } from '../providers/refund-ports.ts';
import type { ApplyReversals } from './apply-reversals.ts';
import type { RefundDependencies } from './dependencies.ts';
import { giveUpRefund, unsentRefunds } from './refunds.sql.ts';
import { keepBooks, loadHeld, loadRefunds, lockReversedOrders, openBooks, orderKeyOf } from './reversal.store.ts';

export const sendJobName = 'refunds.send' as const;
export const sweepJobName = 'refunds.sweep' as const;

const payloadSchema = z.object({ agencyId: z.string(), refundId: z.string() });
type RefundKey = z.output<typeof payloadSchema>;

export const sendJob = ({ agencyId, refundId }: RefundKey): Job => ({
  name: sendJobName,
  payload: { agencyId, refundId },
  key: `${sendJobName}:${agencyId}:${refundId}`,
});

/** How long a refund waits for its own job before the sweep sends it, in milliseconds. */
const patienceMs = 60_000;

interface Dependencies extends RefundDependencies {
  readonly applyReversals: ApplyReversals;
  readonly onFailure: (refundId: string, error: unknown) => void;
}

export interface SendRefunds {
  /** The job's handler: throws for what is to be tried again. */
  readonly send: (payload: unknown) => Promise<void>;
  /** Sends what was asked for and never sent; what fails waits for the next sweep. */
  readonly sweep: () => Promise<void>;
}

/**
 * Asks the provider for refunds that were set aside, each once: under a stored key, with our id of it in its metadata. What the provider then shows is
 * applied at once, without waiting for its event. A refusal gives the refund up, and frees what it held.
 */
export function createSendRefunds(dependencies: Dependencies): SendRefunds {
  const { database, clock, onFailure } = dependencies;
  return {
    send: (payload) => sendOne(dependencies, payloadSchema.parse(payload)),
    sweep: async () => {
      const until = new Date(clock.now().getTime() - patienceMs);
      const { rows } = await database.pool.query<{ agency_id: string; id: string }>(unsentRefunds, [until]);
      for (const { agency_id: agencyId, id } of rows) {
        await sendOne(dependencies, { agencyId, refundId: id }).catch((error: unknown) => onFailure(id, error));
      }
    },
  };
}

/** The provider's word is final: asked again, it would say the same. */
const isRefusal = ({ kind }: ProviderError): boolean => kind === 'invalid' || kind === 'declined' || kind === 'auth';

async function sendOne(dependencies: Dependencies, key: RefundKey): Promise<void> {
  const { database, providers, merchantAccounts, operations } = dependencies;
  const { agencyId, refundId } = key;
  const refund = await database.prisma.refund.findUnique({ where: { agencyId_id: { agencyId, id: refundId } } });
  // Given up, or its event was faster.
  if (refund?.status !== 'pending' || refund.providerRefundId !== null) return;
  const order = await database.prisma.order.findUniqueOrThrow({
    where: { agencyId_id: { agencyId, id: refund.orderId } },
  });
  const account = await merchantAccounts.byId(refund.merchantAccountId);
  const provider = account && providers[account.provider];
  if (!account || !provider?.refunds) throw new Error(`refund ${refundId} has no account that could make it`);
  const { refunds, fees } = provider;
  const accountRef = accountRefOf(account);
  const paymentId = refund.providerPaymentId;
  const charged = Money.of(refund.charged.toFixed(), refund.chargeCurrency);
  const request = {
    refundId,
    paymentId,
    amount: charged,
    applicationFeeReturned: !order.applicationFee.isZero(),
    reason: null,
    metadata: { [metadataKeys.order]: order.id, [metadataKeys.agency]: agencyId },
  };
  let made: ProviderRefund;
  try {
    made = await runOperation(operations, {
      id: `refund:${refundId}`,
      request,
      call: (idempotencyKey) => refunds.create(accountRef, request, { idempotencyKey }),
      lookUp: async () =>
        refunds.find(accountRef, {
          ...{ paymentId, refundId, amount: charged },
          others: await othersOf(dependencies, key, paymentId),
        }),
      lookUpFirst: refunds.keysNotKept ?? false,
    });
  } catch (error) {
    if (!(error instanceof ProviderError) || !isRefusal(error)) throw error;
    await giveUp(dependencies, key, order.id, paymentId, error);
    return;
  }
  const event = {
    type: 'payment.refunds',
    provider: account.provider,
    providerAccountId: account.providerAccountId,
    payment: {
      id: paymentId,
      order: { agencyId, orderId: order.id },
      isOfSubscription: false,
      received: Money.of(order.charged.toFixed(), order.chargeCurrency),
    },
    // Where no name is kept, only the call's own answer tells which it is.
    refunds: made.isUnnamed ? [{ ...made, refundId }] : await refunds.listOfPayment(accountRef, paymentId),
    feeReturns: fees ? await fees.returnsOfPayment(accountRef, paymentId) : [],
  } as const;
  await inTransaction(database.pool, (sql) =>
    dependencies.applyReversals(sql, [{ event, source: `refund:${refundId}` }]),
  );
}

/** What the provider is known to have made of the payment's other refunds. */
async function othersOf(
  { database }: Dependencies,
  { agencyId, refundId }: RefundKey,
  providerPaymentId: string,
): Promise<readonly string[]> {
  const rows = await database.prisma.refund.findMany({
    where: { agencyId, providerPaymentId, id: { not: refundId }, providerRefundId: { not: null } },
    select: { providerRefundId: true },
  });
  return rows.flatMap(({ providerRefundId }) => providerRefundId ?? []);
}

/** Nothing was made, and nothing will be: what the refund held is free again. */
async function giveUp(
  dependencies: Dependencies,
  { agencyId, refundId }: RefundKey,
  orderId: string,
  paymentId: string,
  { detail }: ProviderError,
): Promise<void> {
  const { database, clock } = dependencies;
  await inTransaction(database.pool, async (sql) => {
    const key = { agencyId, orderId };
    const order = (await lockReversedOrders(sql, [key])).get(orderKeyOf(key));
    if (!order) throw new Error(`order ${orderId} is not there`);
    const given = await sql.query(giveUpRefund, [agencyId, refundId, detail.code ?? detail.kind, clock.now()]);
    if (given.rowCount === 0) return;
    const held = await loadHeld(sql, order);
    const stored = (await loadRefunds(sql, order, paymentId)).find(({ id }) => id === refundId);
    if (!stored) throw new Error(`refund ${refundId} is not there`);
    const books = await openBooks(sql, held, { paymentId, source: `refund:${refundId}`, withPlatform: false });
    books.end(stored);
    await keepBooks(dependencies, sql, held, paymentId, books);
  });
}
