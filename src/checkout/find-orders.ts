import type { Database } from '../database/database.ts';
import type { Order, PaymentAttempt } from '../database/generated/client.ts';
import { notFound } from '../errors.ts';
import { ExchangeRate } from '../money/exchange-rate.ts';
import { Money } from '../money/money.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { type SoldPack, soldPackSchema } from './order.ts';

/** An order as its owner may see it. */
export interface OrderView {
  readonly id: string;
  readonly customerId: string;
  readonly merchantAccountId: string;
  readonly kind: string;
  readonly status: string;
  /** Zero where a pack is sold. */
  readonly credited: Money;
  readonly charged: Money;
  readonly pack: SoldPack | null;
  readonly rate: ExchangeRate;
  readonly rounding: Money;
  readonly checkoutSessionId: string;
  readonly url: string | null;
  readonly attempts: readonly {
    readonly id: string;
    readonly outcome: string;
    readonly code: string | null;
    readonly declineCode: string | null;
    readonly message: string | null;
    readonly occurredAt: Date;
  }[];
  readonly expiresAt: Date;
  /** Of what was credited. */
  readonly amountRefunded: Money;
  /** Null while nobody has disputed the payment. */
  readonly dispute: null;
  readonly paidAt: Date | null;
  readonly createdAt: Date;
}

export type FindOrder = (scope: Scope, id: string) => Promise<OrderView>;

/** Throws 404 for an order that is not there or not the scope's. */
export function createFindOrder(database: Database): FindOrder {
  return async (scope, id) => {
    const order = await scoped(database.prisma, scope).order.findFirst({ where: { id } });
    if (!order) throw notFound('order');
    const attempts = await database.prisma.paymentAttempt.findMany({
      where: { agencyId: order.agencyId, orderId: order.id },
      orderBy: { occurredAt: 'asc' },
    });
    return view(order, attempts);
  };
}

function view(order: Order, attempts: readonly PaymentAttempt[]): OrderView {
  const charged = Money.of(order.charged.toFixed(), order.chargeCurrency);
  return {
    id: order.id,
    customerId: order.customerId,
    merchantAccountId: order.merchantAccountId,
    kind: order.kind,
    status: order.status,
    credited: Money.of(order.credited.toFixed(), 'USD'),
    charged,
    pack: soldPackSchema.nullable().parse(order.pack),
    rate: ExchangeRate.of('USD', order.chargeCurrency, order.rate.toFixed()),
    rounding: charged.minus(Money.of(order.exact.toFixed(), order.chargeCurrency)),
    checkoutSessionId: order.sessionId,
    url: order.status === 'checkout' ? order.sessionUrl : null,
    attempts: attempts.map(({ id, outcome, code, declineCode, message, occurredAt }) => ({
      id,
      outcome,
      code,
      declineCode,
      message,
      occurredAt,
    })),
    expiresAt: order.expiresAt,
    // Neither refunds nor disputes are heard of yet.
    amountRefunded: Money.zero('USD'),
    dispute: null,
    paidAt: order.paidAt,
    createdAt: order.createdAt,
  };
}
