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
  /** What has gone back, of what was credited; of a sale, of what was charged. */
  readonly amountRefunded: Money;
  /** Null while nobody has disputed the payment. */
  readonly dispute: {
    readonly id: string;
    readonly status: string;
    /** The bank asks, and has taken nothing. */
    readonly isInquiry: boolean;
    readonly amount: Money;
    readonly reason: string;
    readonly answerDueAt: Date | null;
    readonly openedAt: Date;
  } | null;
  readonly paidAt: Date | null;
  readonly createdAt: Date;
}

export type FindOrder = (scope: Scope, id: string) => Promise<OrderView>;

/** What went back of an order. */
export type ReadOrderReversals = (
  order: Pick<Order, 'agencyId' | 'id' | 'kind' | 'chargeCurrency'>,
) => Promise<Pick<OrderView, 'amountRefunded' | 'dispute'>>;

/** Throws 404 for an order that is not there or not the scope's. */
export function createFindOrder(database: Database, readReversals: ReadOrderReversals): FindOrder {
  return async (scope, id) => {
    const order = await scoped(database.prisma, scope).order.findFirst({ where: { id } });
    if (!order) throw notFound('order');
    const attempts = await database.prisma.paymentAttempt.findMany({
      where: { agencyId: order.agencyId, orderId: order.id },
      orderBy: { occurredAt: 'asc' },
    });
    return { ...view(order, attempts), ...(await readReversals(order)) };
  };
}

function view(order: Order, attempts: readonly PaymentAttempt[]): Omit<OrderView, 'amountRefunded' | 'dispute'> {
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
    paidAt: order.paidAt,
    createdAt: order.createdAt,
  };
}
