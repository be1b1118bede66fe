import { z } from 'zod';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import type { CardsPort } from '../providers/card-ports.ts';
import { runOperation } from '../providers/operation.ts';
import { findRemoved, findSaved, type SavedCard } from './card.store.ts';
import type { CardDependencies } from './dependencies.ts';

const jobPayload = z.object({ agencyId: z.string(), paymentMethodId: z.string() });

interface Reachable {
  readonly account: MerchantAccount;
  readonly cards: CardsPort;
}

/** Null for an account that was disconnected: its provider does not listen to us, and what it keeps is its owner's. */
async function reach(
  { merchantAccounts, providers }: CardDependencies,
  { merchantAccountId }: SavedCard,
): Promise<Reachable | null> {
  const account = await merchantAccounts.byId(merchantAccountId);
  const cards = account && providers[account.provider]?.cards;
  return account && cards && account.status !== 'disconnected' ? { account, cards } : null;
}

/** The handler of `cards.set_default`: the card that renewals are charged to. One that is the default no more has nothing to tell. */
export async function tellDefault(dependencies: CardDependencies, payload: unknown): Promise<void> {
  const { agencyId, paymentMethodId } = jobPayload.parse(payload);
  const card = await findSaved(dependencies.database.pool, agencyId, paymentMethodId);
  if (!card?.isDefault || card.defaultSince === null) return;
  const reachable = await reach(dependencies, card);
  if (!reachable) return;
  const { account, cards } = reachable;
  const { providerCustomerId, providerCardId } = card;
  await runOperation(dependencies.operations, {
    // Made the default again later, it is told again.
    id: `default_card:${card.id}:${card.defaultSince.getTime()}`,
    request: { providerCustomerId, providerCardId },
    call: async (idempotencyKey) => {
      await cards.setDefault(accountRefOf(account), providerCustomerId, providerCardId, { idempotencyKey });
      return true;
    },
    // To set it again changes nothing, so that nobody has to look.
    lookUp: async () => null,
  });
}

/** The handler of `cards.detach`: a removed card cannot be charged at its provider either. */
export async function detachCard(dependencies: CardDependencies, payload: unknown): Promise<void> {
  const { agencyId, paymentMethodId } = jobPayload.parse(payload);
  const card = await findRemoved(dependencies.database.pool, agencyId, paymentMethodId);
  const reachable = card && (await reach(dependencies, card));
  if (!reachable) return;
  const { account, cards } = reachable;
  const ref = accountRefOf(account);
  await runOperation(dependencies.operations, {
    id: `detach_card:${card.id}`,
    request: { providerCardId: card.providerCardId },
    call: async (idempotencyKey) => {
      await cards.detach(ref, card.providerCardId, { idempotencyKey });
      return true;
    },
    lookUp: async () => {
      const found = await cards.retrieve(ref, card.providerCardId);
      return found === null || found.providerCustomerId === null ? true : null;
    },
  });
}
