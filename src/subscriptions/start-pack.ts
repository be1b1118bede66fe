import { Decimal } from 'decimal.js';
import { z } from 'zod';
import { accountPrice, includesTax } from '../catalog/account-price.ts';
import { featureRegistry, featureSchema } from '../catalog/features.ts';
import type { CustomerKey } from '../catalog/offer.store.ts';
import { findPack, type Pack, packIdOf } from '../catalog/pack.ts';
import { openSession, type SessionDependencies, type StartedCheckout, sessionEnd } from '../checkout/open-session.ts';
import { type SoldPack, soldPackSchema } from '../checkout/order.ts';
import { orderTermsOf } from '../checkout/order-terms.ts';
import { checkoutOf } from '../checkout/quote-top-up.ts';
import type { Sql } from '../database/database.ts';
import type { Customer, Order } from '../database/generated/client.ts';
import { AppError, invalidField, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { balanceCurrency, effectiveRateOf, type MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import type { ProviderName } from '../providers/port.ts';
import { requireServing } from '../tenancy/require-serving.ts';
import { type LivePlan, livePlanOf } from './live-plan.ts';
import { type Taxed, taxed } from './taxed.ts';

export interface StartPackRequest {
  readonly agencyId: string;
  readonly customerId: string;
  readonly packId: string;
  readonly provider?: ProviderName | undefined;
  readonly successUrl?: string | undefined;
  readonly cancelUrl?: string | undefined;
  /** Names the request: the same again continues the same order, after a crash too. */
  readonly requestId: string;
}

export interface PackDependencies extends SessionDependencies {
  /** Base of the pages that the client comes back to, without a slash at its end. */
  readonly publicUrl: string;
}

export type StartPack = (request: StartPackRequest) => Promise<StartedCheckout>;

/** A pack that a client may buy now. */
export interface PackForSale extends Pack {
  readonly packId: string;
  readonly planId: string;
  readonly planVersion: number;
  /** What its agency asks for it, in the plan's currency. */
  readonly listPrice: Money;
  /** What the client would be charged, its tax included; null where no account of its agency's can charge it now. */
  readonly charged: Money | null;
}

/**
 * Sells a pack of the plan that the client lives on: the order is committed at the price of the plan's version in the account, then
 * its session is opened, which the same request continues. Throws `AppError` 404 `pack_not_for_sale` for a pack that is not of
 * that version, and the same as a top-up otherwise.
 */
export function createStartPack(dependencies: PackDependencies): StartPack {
  const { database } = dependencies;
  return async (request) => {
    const { agencyId, customerId } = request;
    const customer = await database.prisma.customer.findUnique({
      where: { agencyId_id: { agencyId, id: customerId } },
    });
    if (!customer) throw notFound('customer');
    await requireServing(database.pool, { agencyId, customerId });
    const order = await findOrCreateOrder(dependencies, request, customer);
    return openSession(dependencies, customer, order, soldPackSchema.parse(order.pack).title);
  };
}

async function findOrCreateOrder(
  dependencies: PackDependencies,
  request: StartPackRequest,
  customer: Customer,
): Promise<Order> {
  const { database, clock, providers, merchantAccounts, publicUrl } = dependencies;
  const { agencyId, requestId } = request;
  const where = { agencyId_requestId: { agencyId, requestId } };
  const existing = await database.prisma.order.findUnique({ where });
  if (existing) return existing;

  const plan = await livePlanOf(database.pool, { agencyId, customerId: customer.id });
  const pack = plan && findPack(request.packId, plan);
  if (!plan || !pack) {
    throw new AppError(404, 'pack_not_for_sale', 'The plan that this client lives on has no pack of this id.');
  }
  const account = await merchantAccounts.forNewCheckout(agencyId, request.provider);
  const price = chargeFor(plan, pack, account);
  if (!price) {
    const message = `There is no rate from ${plan.document.currency} to ${account.effectiveCurrency}, which the account charges.`;
    throw invalidField('packId', 'currency_without_rate', message);
  }
  const checkout = checkoutOf(providers, account);
  requireChargeable(price.gross, checkout.minimumCharge(account.effectiveCurrency), 'least');
  requireChargeable(price.gross, checkout.maximumCharge(account.effectiveCurrency), 'most');

  const terms = orderTermsOf(plan, agencyId, account, price.gross);
  const now = clock.now();
  const id = newId('order');
  // Another try of the same request may have been faster; then its order is the one.
  await database.prisma.order.createMany({
    skipDuplicates: true,
    data: [
      {
        agencyId,
        id,
        customerId: customer.id,
        merchantAccountId: account.id,
        kind: 'pack',
        status: 'checkout',
        credited: Money.zero(balanceCurrency).amount,
        chargeCurrency: price.gross.currency.code,
        charged: price.gross.amount,
        exact: price.gross.amount,
        rate: effectiveRateOf(account).value,
        pack: await soldPackOf(database.pool, request.packId, plan, pack),
        tax: price.tax.amount,
        ...terms,
        platformShare: terms.platformShare.amount,
        applicationFee: terms.applicationFee.amount,
        requestId,
        sessionId: newId('checkoutSession'),
        successUrl: request.successUrl ?? `${publicUrl}/checkout/done?order=${id}`,
        cancelUrl: request.cancelUrl ?? `${publicUrl}/checkout/cancelled?order=${id}`,
        expiresAt: sessionEnd(checkout, now),
        createdAt: now,
        updatedAt: now,
      },
    ],
  });
  return database.prisma.order.findUniqueOrThrow({ where });
}

/** The published one-time price in the account, with its tax; null where no rate leads there. */
function chargeFor({ document }: LivePlan, pack: Pack, account: MerchantAccount): Taxed | null {
  const terms = { ...account, usdRate: account.usdRate.toString() };
  const price = accountPrice(Money.of(pack.price, document.currency), document.tax, terms);
  return price && taxed(price.amount, document.tax, document.tax !== null && includesTax(document.tax, terms));
}

function requireChargeable(charged: Money, limit: Money, which: 'least' | 'most'): void {
  const order = charged.compare(limit);
  if (which === 'least' ? order >= 0 : order <= 0) return;
  const code = which === 'least' ? 'amount_below_minimum' : 'amount_above_maximum';
  throw invalidField('packId', code, `This is ${charged}; the ${which} that can be charged is ${limit}.`);
}

const featureRows = z.array(featureSchema);

async function soldPackOf(sql: Sql, packId: string, plan: LivePlan, pack: Pack): Promise<SoldPack> {
  const { rows } = await sql.query('SELECT id, name, unit, kind, aggregation FROM features WHERE agency_id = $1', [
    plan.agencyId,
  ]);
  const name = featureRegistry(featureRows.parse(rows)).get(pack.feature)?.name ?? pack.feature;
  const quantity = new Decimal(pack.quantity).toFixed();
  return {
    packId,
    title: `${plan.document.displayName}: ${quantity} ${name}`,
    feature: pack.feature,
    quantity,
    validDays: pack.validDays ?? null,
  };
}

/** What a client may buy now, by the plan that it lives on. */
export async function listPacks(
  { database, merchantAccounts }: Pick<PackDependencies, 'database' | 'merchantAccounts'>,
  customer: CustomerKey,
): Promise<readonly PackForSale[]> {
  const plan = await livePlanOf(database.pool, customer);
  if (!plan || plan.document.packs.length === 0) return [];
  const account = await merchantAccounts.forNewCheckout(customer.agencyId).catch(nullWhereNoneSells);
  return plan.document.packs.map((pack, index) => ({
    ...pack,
    packId: packIdOf(plan.planId, plan.version, index),
    planId: plan.planId,
    planVersion: plan.version,
    listPrice: Money.of(pack.price, plan.document.currency),
    charged: (account && chargeFor(plan, pack, account)?.gross) ?? null,
  }));
}

function nullWhereNoneSells(error: unknown): null {
  if (error instanceof AppError) return null;
  throw error;
}
