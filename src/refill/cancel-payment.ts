import { z } from 'zod';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { ProviderError } from '../providers/errors.ts';
import { runOperation } from '../providers/operation.ts';
import type { RefillDependencies } from './dependencies.ts';

const jobPayload = z.object({ agencyId: z.string(), orderId: z.string(), paymentId: z.string() });

/**
 * The handler of `refill.cancel_payment`. A declined payment stays open at the provider and could be paid later, beside what the
 * client pays instead: it is ended. One that is over already, or that the provider no longer lets us touch, is left as it is.
 */
export async function cancelPayment(
  { database, providers, merchantAccounts, operations }: RefillDependencies,
  payload: unknown,
): Promise<void> {
  const { agencyId, orderId, paymentId } = jobPayload.parse(payload);
  const order = await database.prisma.order.findUniqueOrThrow({ where: { agencyId_id: { agencyId, id: orderId } } });
  const account = await merchantAccounts.byId(order.merchantAccountId);
  const offSession = account ? providers[account.provider]?.offSession : undefined;
  if (!account || !offSession || account.status === 'disconnected') return;
  const ref = accountRefOf(account);
  try {
    await runOperation(operations, {
      id: `refill-cancel:${paymentId}`,
      request: { paymentId },
      call: (idempotencyKey) => offSession.cancel(ref, paymentId, { idempotencyKey }),
      lookUp: async () => null,
    });
  } catch (error) {
    if (!(error instanceof ProviderError) || error.isRetryable || error.kind === 'indeterminate') throw error;
  }
}
