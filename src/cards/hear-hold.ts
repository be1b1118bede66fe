import type { Sql } from '../database/database.ts';
import type { ProviderHold } from '../providers/card-ports.ts';
import { type ClientKey, findDefault, findSaved, lockCards, markDefault, setCardStatus } from './card.store.ts';
import { type CardDependencies, defaultJobName, releaseJobName, verifyJobName } from './dependencies.ts';
import { heardOf, isOver, nextHoldStatus, provesCard } from './hold.ts';
import { type CardVerification, findVerification, type HoldNews, saveNews } from './verification.store.ts';

export interface HoldKey {
  readonly agencyId: string;
  readonly holdId: string;
}

/** A hold was refused in words, and there is none. */
export interface RefusedHold {
  readonly paymentId: string | null;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly message: string;
}

const newsOf = (verification: CardVerification, told: ProviderHold | RefusedHold): HoldNews => {
  if (!('status' in told)) {
    return { ...told, status: nextHoldStatus(verification.status, 'failed'), actionUrl: null };
  }
  return {
    status: nextHoldStatus(verification.status, heardOf(verification.status, told)),
    paymentId: told.id,
    actionUrl: told.actionUrl,
    code: told.failure?.code ?? null,
    declineCode: told.failure?.declineCode ?? null,
    message: told.failure?.message ?? null,
  };
};

/**
 * Applies what was heard of a hold, from its own call, an event or a look-up, in any order and any number of times: a hold never
 * goes back, and it touches no balance. The client's cards must be locked. Answers the hold as it stands then.
 */
export async function hearHold(
  dependencies: CardDependencies,
  sql: Sql,
  { agencyId, holdId }: HoldKey,
  told: ProviderHold | RefusedHold,
): Promise<CardVerification | null> {
  const verification = await findVerification(sql, agencyId, holdId, 'hold');
  if (!verification) return null;
  const now = dependencies.clock.now();
  const news = newsOf(verification, told);
  const moved = news.status !== verification.status;
  // Called over, and it stands: a call that was given up took effect after all.
  const strays = isOver(verification.status) && 'status' in told && told.status === 'placed';
  if (strays) await enqueueRelease(dependencies, sql, { agencyId, holdId, paymentId: told.id });
  if (!moved && (news.paymentId === null || verification.providerPaymentId !== null)) return verification;
  await saveNews(sql, verification, news, now);
  const heard = await findVerification(sql, agencyId, holdId, 'read');
  if (!heard || !moved) return heard;
  if (provesCard(heard.status)) await prove(dependencies, sql, heard, now);
  if (heard.status === 'failed') {
    await setCardStatus(sql, { agencyId, id: heard.paymentMethodId }, 'failed', now);
  }
  if (heard.status === 'placed') await enqueueVerification(dependencies, sql, { agencyId, holdId });
  if (heard.status === 'action_required' && heard.actionUrl !== null) {
    await dependencies.onActionRequired(sql, heard, heard.actionUrl);
  }
  return heard;
}

/** The card can be charged. A client's first becomes the default by itself. */
export async function prove(
  dependencies: CardDependencies,
  sql: Sql,
  { agencyId, paymentMethodId }: Pick<CardVerification, 'agencyId' | 'paymentMethodId'>,
  now: Date,
): Promise<void> {
  await setCardStatus(sql, { agencyId, id: paymentMethodId }, 'verified', now);
  const card = await findSaved(sql, agencyId, paymentMethodId);
  if (card?.status !== 'verified' || (await findDefault(sql, card))) return;
  await becomeDefault(dependencies, sql, card, now);
}

/** The card is the client's default from here on, and its provider is told. The client's cards must be locked. */
export async function becomeDefault(
  dependencies: CardDependencies,
  sql: Sql,
  card: ClientKey & { readonly id: string },
  now: Date,
): Promise<void> {
  await markDefault(sql, card, now);
  await dependencies.jobs.enqueue(sql, {
    name: defaultJobName,
    payload: { agencyId: card.agencyId, paymentMethodId: card.id },
    key: `${defaultJobName}:${card.id}`,
  });
  await dependencies.onDefaultChanged(sql, card);
}

export const enqueueVerification = (
  { jobs }: Pick<CardDependencies, 'jobs'>,
  sql: Sql,
  { agencyId, holdId }: HoldKey,
): Promise<void> =>
  jobs.enqueue(sql, { name: verifyJobName, payload: { agencyId, holdId }, key: `${verifyJobName}:${holdId}` });

const enqueueRelease = (
  { jobs }: Pick<CardDependencies, 'jobs'>,
  sql: Sql,
  stray: HoldKey & { readonly paymentId: string },
): Promise<void> =>
  jobs.enqueue(sql, { name: releaseJobName, payload: { ...stray }, key: `${releaseJobName}:${stray.holdId}` });

/** As `hearHold`, with the client's cards locked before anything of theirs is. */
export async function hearHoldOf(
  dependencies: CardDependencies,
  sql: Sql,
  key: HoldKey,
  client: ClientKey,
  told: ProviderHold | RefusedHold,
): Promise<CardVerification | null> {
  await lockCards(sql, client);
  return hearHold(dependencies, sql, key, told);
}
