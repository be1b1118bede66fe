import type { Sql } from '../database/database.ts';
import { AppError } from '../errors.ts';
import { newId } from '../ids.ts';
import { effectiveRateOf, type MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import type { SavedCard } from './card.store.ts';
import type { CardDependencies } from './dependencies.ts';
import { enqueueVerification } from './hear-hold.ts';
import { countAttempt } from './limits.ts';
import { insertVerification } from './verification.store.ts';

/** About a dollar, rounded to what the account can charge: 0.390 OMR. */
export const holdAmountOf = (account: MerchantAccount): Money =>
  effectiveRateOf(account).toChargeable(Money.of('1.00', 'USD')).charged;

/**
 * Records that a card is to be held, and the job that does it. Answers the hold's id. Throws `AppError` 429
 * `too_many_card_attempts` for a card that was tried too often. The client's cards must be locked.
 */
export async function startVerification(
  dependencies: CardDependencies,
  sql: Sql,
  card: SavedCard,
  account: MerchantAccount,
): Promise<string> {
  const { clock } = dependencies;
  await countAttempt(sql, clock, card.agencyId, { kind: 'fingerprint', of: card.fingerprint });
  const holdId = await record(dependencies, sql, card, account);
  await enqueueVerification(dependencies, sql, { agencyId: card.agencyId, holdId });
  return holdId;
}

async function record(
  { clock }: CardDependencies,
  sql: Sql,
  card: SavedCard,
  account: MerchantAccount,
): Promise<string> {
  const id = newId('cardVerification');
  await insertVerification(sql, {
    agencyId: card.agencyId,
    id,
    customerId: card.customerId,
    paymentMethodId: card.id,
    merchantAccountId: card.merchantAccountId,
    fingerprint: card.fingerprint,
    amount: holdAmountOf(account),
    requestedAt: clock.now(),
  });
  return id;
}

/** Null where the card was tried too often: it stays unverified, and a person may try it again another day. */
export async function startVerificationIfAllowed(
  ...args: Parameters<typeof startVerification>
): Promise<string | null> {
  try {
    return await startVerification(...args);
  } catch (error) {
    if (error instanceof AppError && error.code === 'too_many_card_attempts') return null;
    throw error;
  }
}
