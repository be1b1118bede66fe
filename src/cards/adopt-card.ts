import { z } from 'zod';
import { inTransaction, type Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { findSaved, insertCard, lockCards } from './card.store.ts';
import { adoptJobName, type CardDependencies } from './dependencies.ts';
import { prove } from './hear-hold.ts';
import { startVerificationIfAllowed } from './start-verification.ts';

const jobPayload = z.object({
  agencyId: z.string(),
  customerId: z.string(),
  merchantAccountId: z.string(),
  providerCardId: z.string(),
  /** Whether the card has paid, which proves it. */
  hasPaid: z.boolean(),
});

/** A card that came by another way than ours to be saved, such as a subscription's. */
export type AdoptedCard = z.output<typeof jobPayload>;

export const enqueueAdoption = ({ jobs }: Pick<CardDependencies, 'jobs'>, sql: Sql, card: AdoptedCard): Promise<void> =>
  jobs.enqueue(sql, {
    name: adoptJobName,
    payload: { ...card },
    key: `${adoptJobName}:${card.merchantAccountId}:${card.providerCardId}`,
  });

/** The handler of `cards.adopt`: stores the card among the client's. One that has paid needs no hold to be verified. */
export async function adoptCard(dependencies: CardDependencies, payload: unknown): Promise<void> {
  const { agencyId, customerId, merchantAccountId, providerCardId, hasPaid } = jobPayload.parse(payload);
  const { database, clock, merchantAccounts, providers } = dependencies;
  const account = await merchantAccounts.byId(merchantAccountId);
  const port = account && providers[account.provider]?.cards;
  if (!account || !port || account.status === 'disconnected') return;
  const card = await port.retrieve(accountRefOf(account), providerCardId);
  const providerCustomerId = card?.providerCustomerId ?? null;
  if (!card || providerCustomerId === null) return;
  await inTransaction(database.pool, async (sql) => {
    await lockCards(sql, { agencyId, customerId });
    const id = newId('paymentMethod');
    const fingerprint = card.fingerprint ?? card.id;
    const now = clock.now();
    const saved = { agencyId, customerId, id, merchantAccountId, providerCustomerId, card, fingerprint };
    const stored = (await insertCard(sql, saved, now)) ? await findSaved(sql, agencyId, id) : null;
    if (!stored) return;
    if (hasPaid) await prove(dependencies, sql, { agencyId, paymentMethodId: id }, now);
    else await startVerificationIfAllowed(dependencies, sql, stored, account);
  });
}
