import { inTransaction } from '../database/database.ts';
import { conflict, notFound } from '../errors.ts';
import { recordChange } from '../tenancy/audit.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type ClientKey, listSaved, lockCards, markRemoved, type SavedCard } from './card.store.ts';
import { type CardDependencies, detachJobName } from './dependencies.ts';
import { becomeDefault } from './hear-hold.ts';
import { addressKey, countAttempt } from './limits.ts';
import { startVerification } from './start-verification.ts';
import { type CardVerification, findOpenVerification, findVerification } from './verification.store.ts';

const shown = ({ brand, last4 }: SavedCard): string => `${brand} ${last4}`;

const pick = (cards: readonly SavedCard[], id: string): SavedCard => {
  const card = cards.find((each) => each.id === id);
  if (!card) throw notFound('payment method');
  return card;
};

function requireVerified(card: SavedCard): void {
  if (card.status === 'verified') return;
  throw conflict('card_not_verified', 'Only a card whose verification succeeded can be the default.');
}

/**
 * Makes a card the one that refills and renewals are charged to; its provider is told by a job of the same transaction. The default
 * again changes nothing. Throws 404 for a card of somebody else, and 409 `card_not_verified`.
 */
export async function setDefaultCard(
  dependencies: CardDependencies,
  scope: Scope,
  client: ClientKey,
  cardId: string,
): Promise<SavedCard> {
  const { database, clock } = dependencies;
  return inTransaction(database.pool, async (sql) => {
    await lockCards(sql, client);
    const cards = await listSaved(sql, client);
    const card = pick(cards, cardId);
    requireVerified(card);
    if (card.isDefault) return card;
    const before = cards.find(({ isDefault }) => isDefault);
    await becomeDefault(dependencies, sql, card, clock.now());
    await recordChange(sql, clock, scope, {
      agencyId: client.agencyId,
      action: 'card.default_changed',
      subject: client.customerId,
      before: before ? { card: shown(before) } : null,
      after: { card: shown(card) },
    });
    return { ...card, isDefault: true };
  });
}

/**
 * Removes a card, here and by a job at its provider. Throws 404 for a card of somebody else; 409 `card_is_default` for the default
 * without another named while there is one, `card_not_verified` for naming one that cannot be it, and `card_needed` for the last
 * card while something is charged to it.
 */
export async function removeCard(
  dependencies: CardDependencies,
  scope: Scope,
  client: ClientKey,
  { cardId, newDefault }: { readonly cardId: string; readonly newDefault?: string | undefined },
): Promise<void> {
  const { database, clock, cardUses, jobs, onDefaultChanged } = dependencies;
  const { agencyId } = client;
  await inTransaction(database.pool, async (sql) => {
    await lockCards(sql, client);
    const cards = await listSaved(sql, client);
    const card = pick(cards, cardId);
    const others = cards.filter(({ id, status }) => id !== cardId && status === 'verified');
    const next = newDefault === undefined ? null : pick(cards, newDefault);
    if (next?.id === cardId) throw conflict('card_is_default', 'Name another card than the one to be removed.');
    if (next) requireVerified(next);
    if (card.isDefault && !next) {
      if (others.length > 0) throw conflict('card_is_default', 'Name another card as the default first.');
      for (const use of cardUses) {
        if (await use.isLive(sql, client)) {
          throw conflict('card_needed', `This is the last card that can be charged, and ${use.name}.`);
        }
      }
    }
    const now = clock.now();
    await markRemoved(sql, card, now);
    if (next && !next.isDefault) await becomeDefault(dependencies, sql, next, now);
    else if (card.isDefault) await onDefaultChanged(sql, client);
    await jobs.enqueue(sql, {
      name: detachJobName,
      payload: { agencyId, paymentMethodId: cardId },
      key: `${detachJobName}:${cardId}`,
    });
    await recordChange(sql, clock, scope, {
      agencyId,
      action: 'card.removed',
      subject: client.customerId,
      before: { card: shown(card), isDefault: card.isDefault },
      after: next ? { default: shown(next) } : null,
    });
  });
}

/**
 * Tries the verification of a card again. While one is under way it is that one. Throws 404 for a card of somebody else, 409
 * `card_already_verified`, `merchant_account_inactive` and `holds_not_available`, those of who is disabled, and 429
 * `too_many_card_attempts`.
 */
export async function verifyAgain(
  dependencies: CardDependencies,
  client: ClientKey,
  cardId: string,
  address: string | null,
): Promise<CardVerification> {
  const { database, clock, merchantAccounts, providers } = dependencies;
  const { agencyId, customerId } = client;
  await requireServing(database.pool, client);
  return inTransaction(database.pool, async (sql) => {
    await lockCards(sql, client);
    const card = pick(await listSaved(sql, client), cardId);
    const open = await findOpenVerification(sql, client.agencyId, cardId);
    if (open) return open;
    if (card.status === 'verified') throw conflict('card_already_verified', 'The card is verified already.');
    const account = await merchantAccounts.byId(card.merchantAccountId, sql);
    if (account?.status !== 'active') {
      throw conflict('merchant_account_inactive', 'The account that the card is saved on takes no payments now.');
    }
    if (!providers[account.provider]?.holds) {
      throw conflict('holds_not_available', 'Nothing can be held on this account: save the card again.');
    }
    await countAttempt(sql, clock, agencyId, { kind: 'clientHolds', of: customerId });
    if (address !== null) {
      await countAttempt(sql, clock, agencyId, { kind: 'address', of: addressKey(agencyId, address) });
    }
    const holdId = await startVerification(dependencies, sql, card, account);
    const started = await findVerification(sql, client.agencyId, holdId, 'read');
    if (!started) throw new Error(`hold ${holdId} was not stored`);
    return started;
  });
}
