import { z } from 'zod';
import { alone } from '../database/alone.ts';
import { inTransaction } from '../database/database.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import type { HoldsPort, ProviderHold } from '../providers/card-ports.ts';
import { ProviderError } from '../providers/errors.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { callTimeoutMsDefault, runOperation } from '../providers/operation.ts';
import { findRemoved, findSaved, type SavedCard } from './card.store.ts';
import type { CardDependencies } from './dependencies.ts';
import { hearHoldOf, type RefusedHold } from './hear-hold.ts';
import { isOver } from './hold.ts';
import { type CardVerification, findVerification } from './verification.store.ts';

const jobPayload = z.object({ agencyId: z.string(), holdId: z.string() });

/** How long a client may take to answer its bank. */
const answerPatienceMs = 24 * 3_600_000;

/**
 * The handler of `cards.verify`: places the hold under its own key and lets go of it at once. It goes on from where any earlier run
 * stopped, so that no crash leaves a hold: what was asked for and not heard of is looked up, what stands is released, and what a
 * client never confirmed is given up after a day.
 */
export async function verifyCard(dependencies: CardDependencies, payload: unknown): Promise<void> {
  const key = jobPayload.parse(payload);
  // The hold's own events ask for this too, while the call that placed it is still under way.
  await alone(dependencies.database.pool, `cards.verify:${key.holdId}`, { wait: true }, () =>
    carryOn(dependencies, key),
  );
}

async function carryOn(
  dependencies: CardDependencies,
  { agencyId, holdId }: z.output<typeof jobPayload>,
): Promise<void> {
  const { database, merchantAccounts, providers } = dependencies;
  const verification = await findVerification(database.pool, agencyId, holdId, 'read');
  if (!verification || isOver(verification.status)) return;
  const account = await merchantAccounts.byId(verification.merchantAccountId);
  const holds = account && providers[account.provider]?.holds;
  // Nothing can be asked of an account that is gone; the bank lets go of what it holds by itself.
  if (!account || !holds || account.status === 'disconnected') return;
  const hold: Hold = { verification, account, holds };
  let heard = await tell(dependencies, hold, await standing(dependencies, hold));
  if (heard && (heard.status === 'placed' || isGivenUp(dependencies, heard))) {
    heard = await tell(dependencies, hold, await release(dependencies, hold, heard));
  }
}

const strayPayload = jobPayload.extend({ paymentId: z.string() });

/** The handler of `cards.release_stray`. */
export async function releaseStray(dependencies: CardDependencies, payload: unknown): Promise<void> {
  const { agencyId, holdId, paymentId } = strayPayload.parse(payload);
  const { database, merchantAccounts, providers } = dependencies;
  const verification = await findVerification(database.pool, agencyId, holdId, 'read');
  const account = verification && (await merchantAccounts.byId(verification.merchantAccountId));
  const holds = account && providers[account.provider]?.holds;
  if (!holds || account.status === 'disconnected') return;
  await release(dependencies, { account, holds }, { id: holdId, providerPaymentId: paymentId });
}

interface Hold {
  readonly verification: CardVerification;
  readonly account: MerchantAccount;
  readonly holds: HoldsPort;
}

const isGivenUp = ({ clock }: CardDependencies, { status, requestedAt }: CardVerification): boolean =>
  status === 'action_required' && clock.now().getTime() - requestedAt.getTime() >= answerPatienceMs;

const tell = (
  dependencies: CardDependencies,
  { verification: { agencyId, id, customerId } }: Hold,
  told: ProviderHold | RefusedHold | null,
): Promise<CardVerification | null> =>
  inTransaction(dependencies.database.pool, async (sql) =>
    told === null
      ? findVerification(sql, agencyId, id, 'read')
      : hearHoldOf(dependencies, sql, { agencyId, holdId: id }, { agencyId, customerId }, told),
  );

/** How the hold stands at the provider; it is placed where nobody asked for it yet. Null: that cannot be said yet. */
async function standing(dependencies: CardDependencies, hold: Hold): Promise<ProviderHold | RefusedHold | null> {
  const { verification, account, holds } = hold;
  if (verification.providerPaymentId !== null) {
    return holds.retrieve(accountRefOf(account), verification.providerPaymentId);
  }
  const { agencyId, paymentMethodId } = verification;
  const { pool } = dependencies.database;
  const saved = await findSaved(pool, agencyId, paymentMethodId);
  if (saved) return place(dependencies, hold, saved);
  // Removed before its hold was heard of: one that a lost call placed must go, and none is placed any more.
  const removed = await findRemoved(pool, agencyId, paymentMethodId);
  const refused = { paymentId: null, code: 'card_removed', declineCode: null, message: 'The card was removed.' };
  const asked = await dependencies.operations.store.load(operationId(verification));
  if (!removed || !asked) return refused;
  const found = await holds.find(accountRefOf(account), removed.providerCustomerId, verification.id);
  if (found) return found;
  const age = dependencies.clock.now().getTime() - asked.lastSentAt.getTime();
  // Too early to believe an absence: the call may still be under way.
  return asked.state === 'sent' && age < callTimeoutMsDefault ? null : refused;
}

const operationId = ({ id }: Pick<CardVerification, 'id'>): string => `hold:${id}`;

async function place(
  { operations, publicUrl }: CardDependencies,
  { verification, account, holds }: Hold,
  card: SavedCard,
): Promise<ProviderHold | RefusedHold> {
  const ref = accountRefOf(account);
  const request = {
    holdId: verification.id,
    metadata: {
      [metadataKeys.customer]: verification.customerId,
      [metadataKeys.agency]: verification.agencyId,
    },
    providerCustomerId: card.providerCustomerId,
    cardId: card.providerCardId,
    amount: verification.amount,
    description: 'Temporary hold that verifies the card. It is not a charge and is released at once.',
    returnUrl: `${publicUrl}/cards/verified`,
  };
  try {
    return await runOperation(operations, {
      id: operationId(verification),
      request,
      declineIsFinal: true,
      call: (idempotencyKey) => holds.place(ref, request, { idempotencyKey }),
      lookUp: () => holds.find(ref, card.providerCustomerId, verification.id),
    });
  } catch (error) {
    if (!(error instanceof ProviderError) || (error.kind !== 'declined' && error.kind !== 'invalid')) throw error;
    const { paymentId = null, code = null, declineCode = null, message } = error.detail;
    return { paymentId, code, declineCode, message };
  }
}

/** Answers the hold as it is afterwards: one that ended by itself is no failure. */
async function release(
  { operations }: CardDependencies,
  { account, holds }: Pick<Hold, 'account' | 'holds'>,
  { id, providerPaymentId }: Pick<CardVerification, 'id' | 'providerPaymentId'>,
): Promise<ProviderHold | null> {
  if (providerPaymentId === null) return null;
  const ref = accountRefOf(account);
  return runOperation(operations, {
    id: `hold_release:${id}`,
    request: { paymentId: providerPaymentId },
    call: (idempotencyKey) => holds.release(ref, providerPaymentId, { idempotencyKey }),
    lookUp: async () => {
      const found = await holds.retrieve(ref, providerPaymentId);
      return found.status === 'placed' || found.status === 'action_required' ? null : found;
    },
  });
}
