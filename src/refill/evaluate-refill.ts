import { z } from 'zod';
import { orderTermsOf } from '../checkout/order-terms.ts';
import { inTransaction, type Sql } from '../database/database.ts';
import { newId } from '../ids.ts';
import { effectiveRateOf } from '../merchant-accounts/merchant-account.ts';
import type { Money } from '../money/money.ts';
import { standingOf } from '../tenancy/require-serving.ts';
import { beginAttempt, closedBreaker } from './breaker.ts';
import { decideRefill } from './decide-refill.ts';
import { chargeJobName, type DefaultCard, type RefillDependencies } from './dependencies.ts';
import { moneyBackOf } from './money-back.store.ts';
import {
  type ClientKey,
  findInFlight,
  insertRefill,
  lastRefusal,
  loadBreaker,
  loadSettings,
  monthOf,
  noteEvaluation,
  type Refill,
  recordSkip,
  refilledIn,
  saveBreaker,
} from './refill.store.ts';

/** How long a refill's order stays open for its payment's event: as long as a hosted session would. */
const orderLifetimeMs = 24 * 3_600_000;

const clientKey = z.object({ agencyId: z.string(), customerId: z.string() });

/**
 * The handler of `refill.evaluate`. Decides under the lock of the client's settings, and commits what it decided: a refill with its
 * order and the job that charges it, or the reason why not. It calls nobody, so that it can run at any time and any number of times.
 */
export async function evaluateRefill(dependencies: RefillDependencies, payload: unknown): Promise<void> {
  const client = clientKey.parse(payload);
  await inTransaction(dependencies.database.pool, (sql) => evaluate(dependencies, sql, client));
}

async function evaluate(dependencies: RefillDependencies, sql: Sql, client: ClientKey): Promise<void> {
  const { clock, merchantAccounts, ledger, findDefaultCard } = dependencies;
  const settings = await loadSettings(sql, client, 'lock');
  if (!settings?.enabled) return;
  const now = clock.now();
  await noteEvaluation(sql, client, now);
  // First of all: what ends a refill changes balance and breaker with it, so that none in flight means that both are read after it.
  const inFlight = (await findInFlight(sql, client)) !== null;
  const [balance] = await ledger.balances(sql, [client]);
  if (!balance || balance.compare(settings.threshold) >= 0) return;

  const card = await findDefaultCard(sql, client);
  const account = card && (await merchantAccounts.byId(card.merchantAccountId, sql));
  const breaker = card ? await loadBreaker(sql, { ...client, fingerprint: card.fingerprint }) : closedBreaker;
  const standing = await standingOf(sql, client);
  const decision = decideRefill({
    now,
    settings,
    balance,
    clientDisabled: standing?.customerDisabled ?? true,
    agencyDisabled: standing?.agencyDisabled ?? true,
    inFlight,
    ...(await moneyBackOf(sql, client)),
    card,
    breaker,
    accountActive: account?.status === 'active',
    refusedAt: await lastRefusal(sql, client),
    refilledThisMonth: await refilledIn(sql, client, monthOf(now)),
  });
  if (decision.action === 'none') return;
  if (decision.action === 'skip') return recordSkip(sql, client, decision.reason, now);
  if (!card || !account) throw new Error('a refill was decided without a card');

  if (breaker.state !== 'closed') {
    await saveBreaker(sql, { ...client, fingerprint: card.fingerprint }, beginAttempt(breaker, now), now);
  }
  const { charged, exact, rate } = effectiveRateOf(account).toChargeable(decision.amount);
  const terms = orderTermsOf(await dependencies.livePlanOf(sql, client), client.agencyId, account, charged);
  const refill = newRefill(client, card, decision.amount, now);
  await sql.query(
    `INSERT INTO orders (agency_id, id, customer_id, merchant_account_id, kind, status, credited, charge_currency, charged, exact,
                         rate, plan_id, plan_version, agency_percent, platform_share, application_fee,
                         session_id, success_url, cancel_url, expires_at, created_at, updated_at)
     VALUES ($1, $2, $3, $4, 'refill', 'checkout', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16, $17, $18, $18)`,
    [
      client.agencyId,
      refill.orderId,
      client.customerId,
      account.id,
      decision.amount.amount.toFixed(),
      charged.currency.code,
      charged.amount.toFixed(),
      exact.amount.toFixed(),
      rate.value.toFixed(),
      terms.planId,
      terms.planVersion,
      terms.agencyPercent,
      terms.platformShare.amount.toFixed(),
      terms.applicationFee.amount.toFixed(),
      newId('checkoutSession'),
      dependencies.publicUrl,
      new Date(now.getTime() + orderLifetimeMs),
      now,
    ],
  );
  await insertRefill(sql, refill);
  await enqueueCharge(dependencies, sql, refill);
}

const newRefill = (client: ClientKey, card: DefaultCard, amount: Money, now: Date): Refill => ({
  ...client,
  id: newId('refill'),
  orderId: newId('order'),
  paymentMethodId: card.paymentMethodId,
  providerCardId: card.providerCardId,
  providerCustomerId: card.providerCustomerId,
  fingerprint: card.fingerprint,
  status: 'in_flight',
  amount,
  createdAt: now,
});

export const enqueueCharge = (
  { jobs }: Pick<RefillDependencies, 'jobs'>,
  sql: Sql,
  { agencyId, customerId, id }: Pick<Refill, 'agencyId' | 'customerId' | 'id'>,
): Promise<void> =>
  jobs.enqueue(sql, {
    name: chargeJobName,
    payload: { agencyId, customerId, refillId: id },
    key: `${chargeJobName}:${id}`,
  });
