import { createHash } from 'node:crypto';
import { ensureProviderCustomer } from '../checkout/provider-customer.ts';
import { inTransaction } from '../database/database.ts';
import type { CardSetup } from '../database/generated/client.ts';
import { AppError, conflict, notFound } from '../errors.ts';
import { idOfRequest } from '../ids.ts';
import { accountRefOf } from '../merchant-accounts/merchant-accounts.ts';
import { metadataKeys } from '../providers/metadata.ts';
import { runOperation } from '../providers/operation.ts';
import type { ProviderName } from '../providers/port.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import type { CardDependencies } from './dependencies.ts';
import { countAttempt } from './limits.ts';

/** As long as a session may stay open at the provider, less a margin for the call. */
const lifetimeMs = 23 * 3_600_000;

export interface SaveCardRequest {
  readonly agencyId: string;
  readonly customerId: string;
  readonly provider?: ProviderName | undefined;
  readonly successUrl?: string | undefined;
  readonly cancelUrl?: string | undefined;
  /** Where the request came from; only a hash of it is kept. */
  readonly address: string;
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
  const { database, clock, providers, merchantAccounts, operations } = dependencies;
  const { agencyId, customerId } = request;
  await requireServing(database.pool, { agencyId, customerId });
  const setup = await findOrCreate(dependencies, request);
  const started = { id: setup.id, orderId: null } as const;
  if (setup.sessionUrl !== null || setup.status !== 'open') {
    return { ...started, url: setup.status === 'open' ? setup.sessionUrl : null, status: statusOf(setup) };
  }
  const account = await merchantAccounts.byId(setup.merchantAccountId);
  if (account?.status !== 'active') {
    throw conflict('merchant_account_inactive', 'The account takes no cards now: start again.');
  }
  const cards = providers[account.provider]?.cards;
  const checkout = providers[account.provider]?.checkout;
  if (!cards || !checkout) {
    throw new AppError(422, 'cards_not_available', `Cards cannot be saved on this ${account.provider} account.`);
  }
  const customer = await database.prisma.customer.findUnique({
    where: { agencyId_id: { agencyId, id: customerId } },
  });
  if (!customer) throw notFound('customer');
  const providerCustomerId = await ensureProviderCustomer(dependencies, customer, account, checkout);
  const ref = accountRefOf(account);
  const wanted = {
    reference: setup.id,
    metadata: {
      [metadataKeys.setup]: setup.id,
      [metadataKeys.customer]: customerId,
      [metadataKeys.agency]: agencyId,
    },
    providerCustomerId,
    currency: account.effectiveCurrency,
    successUrl: setup.successUrl,
    cancelUrl: setup.cancelUrl,
    expiresAt: setup.expiresAt,
  };
  const session = await runOperation(operations, {
    id: `card_setup:${setup.id}`,
    request: wanted,
    call: (idempotencyKey) => cards.createSetupSession(ref, wanted, { idempotencyKey }),
    lookUp: () => cards.findSetupSession(ref, providerCustomerId, setup.id),
  });
  await database.prisma.cardSetup.updateMany({
    where: { agencyId, id: setup.id, status: 'open' },
    data: { sessionUrl: session.url },
  });
  return { ...started, url: session.url, status: session.status };

  async function findOrCreate(
    { database: { pool, prisma } }: CardDependencies,
    { requestId, provider, successUrl, cancelUrl, address }: SaveCardRequest,
  ): Promise<CardSetup> {
    const where = { agencyId_requestId: { agencyId, requestId } };
    const existing = await prisma.cardSetup.findUnique({ where });
    if (existing) return existing;
    await inTransaction(pool, async (sql) => {
      await countAttempt(sql, clock, agencyId, { kind: 'client', of: customerId });
      const hashed = createHash('sha256').update(`${agencyId} ${address}`).digest('base64url');
      await countAttempt(sql, clock, agencyId, { kind: 'address', of: hashed });
    });
    const account = await merchantAccounts.forNewCheckout(agencyId, provider);
    const now = clock.now();
    const id = idOfRequest('checkoutSession', requestId);
    const data = {
      agencyId,
      id,
      customerId,
      merchantAccountId: account.id,
      requestId,
      status: 'open',
      successUrl: successUrl ?? `${dependencies.publicUrl}/cards/saved`,
      cancelUrl: cancelUrl ?? `${dependencies.publicUrl}/checkout/cancelled`,
      expiresAt: new Date(now.getTime() + lifetimeMs),
      createdAt: now,
    };
    await prisma.cardSetup.createMany({ data: [data], skipDuplicates: true });
    return prisma.cardSetup.findUniqueOrThrow({ where });
  }
}

const statusOf = ({ status }: CardSetup): StartedSetup['status'] =>
  status === 'open' ? 'open' : status === 'complete' ? 'complete' : 'expired';
