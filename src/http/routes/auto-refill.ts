import { z } from 'zod';
import type { AutoRefill } from '../../refill/auto-refill.ts';
import { type AutoRefillView, skipSentence } from '../../refill/show-refill.ts';
import type { TenancyDependencies } from '../../tenancy/agency.ts';
import { findCustomer } from '../../tenancy/find-customers.ts';
import { defineRoute, type Route } from '../route.ts';
import { anyMoney, id, isoTime, moneyAnswer, nonNegativeMoney } from '../schemas.ts';

export interface AutoRefillRouteDependencies extends TenancyDependencies {
  readonly autoRefill: AutoRefill;
}

const autoRefillAnswer = z
  .object({
    enabled: z.boolean(),
    threshold: moneyAnswer.meta({ description: 'A refill is due while the balance is below this.' }),
    amount: moneyAnswer.meta({ description: 'USD of balance that one refill adds.' }),
    monthlyLimit: moneyAnswer.nullable().meta({ description: 'The most that is refilled in one UTC month.' }),
    refilledThisMonth: moneyAnswer.meta({ description: 'Credited or under way in this UTC month.' }),
    inFlight: z
      .object({ id: id('refill'), orderId: id('order'), amount: moneyAnswer, createdAt: isoTime })
      .nullable()
      .meta({ description: 'The one refill that has not settled yet.' }),
    breaker: z.object({
      state: z.enum(['closed', 'open', 'half_open', 'stopped']),
      cause: z
        .string()
        .nullable()
        .meta({ description: 'The provider’s word for the last decline.', example: 'lost_card' }),
      openedAt: isoTime.nullable(),
      nextAttemptAt: isoTime.nullable(),
      notice: z.string().nullable().meta({ description: 'What stands against charging the card, and what to do.' }),
    }),
    skips: z
      .array(
        z.object({
          reason: z.string(),
          message: z.string(),
          times: z.number().int(),
          firstAt: isoTime,
          lastAt: isoTime,
        }),
      )
      .meta({ description: 'Refills that were due and not made, newest first, and why.' }),
  })
  .meta({ id: 'AutoRefill' });

const autoRefillJson = (view: AutoRefillView) => ({
  enabled: view.settings.enabled,
  threshold: view.settings.threshold.toJSON(),
  amount: view.settings.amount.toJSON(),
  monthlyLimit: view.settings.monthlyLimit?.toJSON() ?? null,
  refilledThisMonth: view.refilledThisMonth.toJSON(),
  inFlight: view.inFlight && {
    id: view.inFlight.id,
    orderId: view.inFlight.orderId,
    amount: view.inFlight.amount.toJSON(),
    createdAt: view.inFlight.createdAt.toISOString(),
  },
  breaker: {
    state: view.breaker.state,
    cause: view.breaker.cause,
    openedAt: view.breaker.openedAt?.toISOString() ?? null,
    nextAttemptAt: view.breaker.nextAttemptAt?.toISOString() ?? null,
    notice: view.notice,
  },
  skips: view.skips.map(({ reason, times, firstAt, lastAt }) => ({
    reason,
    message: skipSentence(reason),
    times,
    firstAt: firstAt.toISOString(),
    lastAt: lastAt.toISOString(),
  })),
});

const params = z.strictObject({ id: id('customer') });
const tag = 'Cards';

/** Auto-refill of a client's balance. */
export function createAutoRefillRoutes(dependencies: AutoRefillRouteDependencies): Route[] {
  const { autoRefill } = dependencies;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/auto-refill',
      summary: 'How auto-refill stands',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params,
      responses: { 200: autoRefillAnswer },
      handle: async ({ scope, params }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        return { status: 200, body: autoRefillJson(await autoRefill.show({ agencyId, customerId })) };
      },
    }),
    defineRoute({
      method: 'put',
      path: '/v1/customers/:id/auto-refill',
      summary: 'Set auto-refill',
      description:
        'While the balance is below `threshold`, the default card is charged for `amount`, one charge at a time. ' +
        'Whether a refill is due is looked at once.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params,
      body: z.strictObject({
        enabled: z.boolean(),
        threshold: anyMoney,
        amount: nonNegativeMoney,
        monthlyLimit: nonNegativeMoney.nullable().default(null),
      }),
      responses: { 200: autoRefillAnswer },
      handle: async ({ scope, params, body }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        const client = { agencyId, customerId };
        await autoRefill.change(scope, client, body);
        return { status: 200, body: autoRefillJson(await autoRefill.show(client)) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/auto-refill/reset',
      summary: 'Try a declined card again',
      description: 'For an agency that knows that the card pays again: what earlier declines stopped goes on.',
      tag,
      roles: ['platform', 'agency'],
      params,
      responses: { 200: autoRefillAnswer },
      handle: async ({ scope, params }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        const client = { agencyId, customerId };
        await autoRefill.reset(scope, client);
        return { status: 200, body: autoRefillJson(await autoRefill.show(client)) };
      },
    }),
  ];
}
