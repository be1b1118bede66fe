import type { Sql } from '../database/database.ts';
import type { CardSetup } from '../database/generated/client.ts';
import { newId } from '../ids.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import {
  type ClientKey,
  findByProviderId,
  findSaved,
  insertCard,
  lockCards,
  markRemoved,
  type SavedCard,
  updateCard,
} from './card.store.ts';
import type { CardEvent } from './card-event.ts';
import type { CardDependencies } from './dependencies.ts';
import { hearHold, prove } from './hear-hold.ts';
import { findSetup, setSetupStatus } from './setup.store.ts';
import { startVerificationIfAllowed } from './start-verification.ts';
import { findVerification } from './verification.store.ts';

export type CardOutcome = { readonly status: 'done' } | { readonly status: 'parked'; readonly reason: string };

export interface SourcedCardEvent {
  readonly event: CardEvent;
  readonly source: string;
}

export type ApplyCardEvents = (sql: Sql, batch: readonly SourcedCardEvent[]) => Promise<readonly CardOutcome[]>;

const done: CardOutcome = { status: 'done' };
const parked = (code: string, sentence: string): CardOutcome => ({ status: 'parked', reason: `${code}: ${sentence}` });

/** What an event is about, before anything is locked. */
type Target =
  | { readonly about: 'setup'; readonly client: ClientKey; readonly setup: CardSetup }
  | { readonly about: 'card'; readonly client: ClientKey; readonly card: SavedCard }
  | { readonly about: 'hold'; readonly client: ClientKey; readonly accountId: string };

/**
 * Applies what providers told of cards and holds, in the caller's transaction: each once, in any order. A card is stored once per
 * account; one that nobody began to save here is not ours. Clients are locked in the order of their names, as every batch does.
 */
export function createApplyCardEvents(dependencies: CardDependencies): ApplyCardEvents {
  return async (sql, batch) => {
    const outcomes: CardOutcome[] = batch.map(() => done);
    const targets: { readonly index: number; readonly event: CardEvent; readonly target: Target }[] = [];
    for (const [index, { event }] of batch.entries()) {
      const target = await targetOf(dependencies, sql, event);
      if (target === null) continue;
      if ('status' in target) outcomes[index] = target;
      else targets.push({ index, event, target });
    }
    const nameOf = ({ target: { client } }: (typeof targets)[number]) => `${client.agencyId} ${client.customerId}`;
    targets.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
    // All of them before anything else is locked: a request holds its client's first, too.
    for (const { target } of targets) await lockCards(sql, target.client);
    for (const { index, event, target } of targets) outcomes[index] = await apply(dependencies, sql, event, target);
    return outcomes;
  };
}

/** Null: nothing of ours. */
async function targetOf(
  { merchantAccounts }: CardDependencies,
  sql: Sql,
  event: CardEvent,
): Promise<Target | CardOutcome | null> {
  if (event.type === 'card.saved' || event.type === 'setup.expired') {
    const setup = await findSetup(sql, event.agencyId, event.setupId);
    if (!setup) return parked('unknown_setup', `there is no session ${event.setupId} in which a card was saved`);
    return { about: 'setup', client: setup, setup };
  }
  if (event.type === 'hold.changed') {
    const verification = await findVerification(sql, event.agencyId, event.holdId, 'read');
    if (!verification) return parked('unknown_hold', `there is no hold ${event.holdId}`);
    return { about: 'hold', client: verification, accountId: verification.merchantAccountId };
  }
  const account = await merchantAccounts.byProviderAccount(event.provider, event.providerAccountId, sql);
  const cardId = event.type === 'card.updated' ? event.card.id : event.cardId;
  const card = account && (await findByProviderId(sql, account.id, cardId));
  return card && { about: 'card', client: card, card };
}

async function apply(dependencies: CardDependencies, sql: Sql, event: CardEvent, target: Target): Promise<CardOutcome> {
  const { provider, providerAccountId } = event;
  const account = await dependencies.merchantAccounts.byProviderAccount(provider, providerAccountId, sql);
  if (event.type === 'hold.changed' && target.about === 'hold') {
    if (account?.id !== target.accountId) return parked('account_mismatch', 'the hold is of another account');
    await hearHold(dependencies, sql, event, event.hold);
  }
  if (event.type === 'setup.expired' && target.about === 'setup') {
    await setSetupStatus(sql, target.setup, 'expired');
  }
  if (event.type === 'card.saved' && target.about === 'setup') {
    if (account?.id !== target.setup.merchantAccountId) {
      return parked('account_mismatch', 'the card was saved on another account');
    }
    return save(dependencies, sql, account, target.setup, event.card);
  }
  if (target.about === 'card') await change(dependencies, sql, event, target.card);
  return done;
}

async function save(
  dependencies: CardDependencies,
  sql: Sql,
  account: MerchantAccount,
  setup: CardSetup,
  card: Extract<CardEvent, { type: 'card.saved' }>['card'],
): Promise<CardOutcome> {
  const now = dependencies.clock.now();
  await setSetupStatus(sql, setup, 'complete');
  const id = newId('paymentMethod');
  // Detached already: it was removed at the provider before this was heard, or by us.
  if (card.providerCustomerId === null) return done;
  const stored = await insertCard(
    sql,
    {
      agencyId: setup.agencyId,
      customerId: setup.customerId,
      id,
      merchantAccountId: account.id,
      providerCustomerId: card.providerCustomerId,
      card,
      fingerprint: card.fingerprint ?? card.id,
    },
    now,
  );
  const saved = stored ? await findSaved(sql, setup.agencyId, id) : null;
  if (!saved) return done;
  if (dependencies.providers[account.provider]?.holds) {
    await startVerificationIfAllowed(dependencies, sql, saved, account);
  } else {
    // Where nothing can be held, that the provider saved the card is all the proof there is.
    await prove(dependencies, sql, { agencyId: saved.agencyId, paymentMethodId: saved.id }, now);
  }
  return done;
}

async function change(
  { clock, onDefaultChanged }: CardDependencies,
  sql: Sql,
  event: CardEvent,
  { agencyId, id }: SavedCard,
): Promise<void> {
  const card = await findSaved(sql, agencyId, id);
  if (!card) return;
  if (event.type === 'card.updated' && event.card.providerCustomerId !== null) await updateCard(sql, card, event.card);
  else await markRemoved(sql, card, clock.now());
  if (card.isDefault) await onDefaultChanged(sql, card);
}
