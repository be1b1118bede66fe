import { ensureProviderCustomer } from '../checkout/provider-customer.ts';
import { namingTheField } from '../checkout/refused-field.ts';
import { inTransaction } from '../database/database.ts';
import type { CardSetup } from '../database/generated/client.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { idOfRequest } from '../ids.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import type { CardsPort } from '../providers/card-ports.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { runOperation } from '../providers/operation.ts';
import type { HostedSession, ProviderName } from '../providers/port.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import type { CardDependencies } from './dependencies.ts';
import { addressKey, countAttempt } from './limits.ts';

/** As long as a session may stay open at the provider, less a margin for the call. */
const lifetimeMs = 23 * 3_600_000;

export interface SaveCardRequest {
  readonly agencyId: string;
  readonly customerId: string;
  readonly provider?: ProviderName | undefined;
  readonly successUrl?: string | undefined;
  readonly cancelUrl?: string | undefined;
  /** Where the client's own request came from, of which a hash is kept; null where somebody else asked for the client. */
  readonly address: string | null;
  /** Names the request: the same again continues the same session, after a crash too. */
  readonly requestId: string;
}

export interface StartedSetup {
  readonly id: string;
  readonly orderId: null;
  readonly url: string | null;
  readonly status: 'open' | 'complete' | 'expired';
}

/**
 * Starts a hosted session in which a client saves a card: nothing is charged. The session is committed before the provider is
 * asked, so that a crash or a lost answer leaves one. Throws 409 for who is disabled, 422 `cards_not_available` where the
 * account saves none, 429 `too_many_card_attempts`, and `ProviderError` when the provider did not answer.
 */
export async function startCardSetup(dependencies: CardDependencies, request: SaveCardRequest): Promise<StartedSetup> {
  const { database, providers, merchantAccounts } = dependencies;
  const { agencyId, customerId } = request;
  await requireServing(database.pool, { agencyId, customerId });
  const customer = await database.prisma.customer.findUnique({
    where: { agencyId_id: { agencyId, id: customerId } },
  });
  if (!customer) throw notFound('customer');
  const setup = await findOrCreate(dependencies, request);
  if (setup.sessionUrl !== null || setup.status !== 'open') return startedOf(setup);
  const account = await merchantAccounts.byId(setup.merchantAccountId);
  if (account?.status !== 'active') {
    throw conflict('merchant_account_inactive', 'The account takes no cards now: start again.');
  }
  const { cards, checkout } = providers[account.provider] ?? {};
  if (!cards || !checkout) throw noCards(account.provider);
  const session = await namingTheField(async () => {
    const providerCustomerId = await ensureProviderCustomer(dependencies, customer, account, checkout);
    return createSession(dependencies, cards, { setup, account, providerCustomerId });
  });
  await database.prisma.cardSetup.updateMany({
    where: { agencyId, id: setup.id, status: 'open' },
    data: { sessionUrl: session.url },
  });
  return { id: setup.id, orderId: null, url: session.url, status: session.status };
}

const noCards = (provider: string): AppError =>
  new AppError(422, 'cards_not_available', `Cards cannot be saved on this ${provider} account.`);

const statuses: Readonly<Record<string, StartedSetup['status']>> = { open: 'open', complete: 'complete' };

function startedOf({ id, status, sessionUrl }: CardSetup): StartedSetup {
  return { id, orderId: null, url: status === 'open' ? sessionUrl : null, status: statuses[status] ?? 'expired' };
}

async function findOrCreate(dependencies: CardDependencies, request: SaveCardRequest): Promise<CardSetup> {
  const { database, clock, providers, merchantAccounts, publicUrl } = dependencies;
  const { agencyId, customerId, requestId } = request;
  const { prisma } = database;
  const where = { agencyId_requestId: { agencyId, requestId } };
  const existing = await prisma.cardSetup.findUnique({ where });
  if (existing) return existing;
  const account = await merchantAccounts.forNewCheckout(agencyId, request.provider);
  if (!providers[account.provider]?.cards) throw noCards(account.provider);
  await countAttempts(dependencies, request);
  const now = clock.now();
  const data = {
    agencyId,
    id: idOfRequest('checkoutSession', requestId),
    customerId,
    merchantAccountId: account.id,
    requestId,
    status: 'open',
    successUrl: request.successUrl ?? `${publicUrl}/cards/saved`,
    cancelUrl: request.cancelUrl ?? `${publicUrl}/cards/not-saved`,
    expiresAt: new Date(now.getTime() + lifetimeMs),
    createdAt: now,
  };
  await prisma.cardSetup.createMany({ data: [data], skipDuplicates: true });
  return prisma.cardSetup.findUniqueOrThrow({ where });
}

const countAttempts = (
  { database, clock }: CardDependencies,
  { agencyId, customerId, address }: SaveCardRequest,
): Promise<void> =>
  inTransaction(database.pool, async (sql) => {
    await countAttempt(sql, clock, agencyId, { kind: 'client', of: customerId });
    if (address === null) return;
    await countAttempt(sql, clock, agencyId, { kind: 'address', of: addressKey(agencyId, address) });
  });

interface WantedSession {
  readonly setup: CardSetup;
  readonly account: MerchantAccount;
  readonly providerCustomerId: string;
}

function createSession(
  { operations }: CardDependencies,
  cards: CardsPort,
  { setup, account, providerCustomerId }: WantedSession,
): Promise<HostedSession> {
  const ref = accountRefOf(account);
  const wanted = {
    reference: setup.id,
    metadata: {
      [metadataKeys.setup]: setup.id,
      [metadataKeys.customer]: setup.customerId,
      [metadataKeys.agency]: setup.agencyId,
    },
    providerCustomerId,
    currency: account.effectiveCurrency,
    successUrl: setup.successUrl,
    cancelUrl: setup.cancelUrl,
    expiresAt: setup.expiresAt,
  };
  return runOperation(operations, {
    id: `card_setup:${setup.id}`,
    request: wanted,
    call: (idempotencyKey) => cards.createSetupSession(ref, wanted, { idempotencyKey }),
    lookUp: () => cards.findSetupSession(ref, providerCustomerId, setup.id),
  });
}
