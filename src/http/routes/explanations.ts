import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import { invalidField } from '../../errors.ts';
import type { BalanceExplanation, ExplainBalance } from '../../history/explain-balance.ts';
import { decodeCursor, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer } from '../schemas.ts';

export interface ExplanationRouteDependencies {
  readonly clock: Clock;
  readonly explainBalance: ExplainBalance;
}

const explanationAnswer = z
  .object({
    customerId: id('customer'),
    at: isoTime,
    balance: moneyAnswer,
    parts: z
      .array(z.object({ code: z.string(), amount: moneyAnswer, lines: z.int() }))
      .meta({ description: 'By what was posted; the amounts come to `balance`.' }),
    data: z
      .array(
        z.object({
          sequence: z.int(),
          code: z.string().meta({ example: 'topup.settle' }),
          amount: moneyAnswer,
          balanceAfter: moneyAnswer,
          reference: z.string(),
          source: z
            .string()
            .meta({ description: 'What posted it: an event, usage, an operator with a reason, a job.' }),
          event: z
            .object({ id: id('inboxEvent'), eventId: z.string(), type: z.string() })
            .nullable()
            .meta({ description: 'The provider’s event that told of it.' }),
          orderId: id('order').nullable(),
          usage: z
            .array(z.object({ id: z.string(), feature: z.string(), quantity: z.string(), cost: moneyAnswer }))
            .meta({ description: 'Of a draw: the events whose costs it carries.' }),
          transactionId: id('ledgerTransaction'),
          postedAt: isoTime,
        }),
      )
      .meta({ description: 'Newest first.' }),
    next: z.string().nullable(),
  })
  .meta({ id: 'BalanceExplanation' });

const bodyOf = ({ customerId, at, balance, parts, lines }: BalanceExplanation, limit: number) => {
  const { data, next } = pageOf(lines, limit, ({ sequence }) => String(sequence));
  return {
    customerId,
    at: at.toISOString(),
    balance: balance.toJSON(),
    parts: parts.map(({ amount, ...part }) => ({ ...part, amount: amount.toJSON() })),
    data: data.map(({ postedAt, ...line }) => ({
      ...line,
      amount: line.amount.toJSON(),
      balanceAfter: line.balanceAfter.toJSON(),
      usage: line.usage.map(({ cost, ...event }) => ({ ...event, cost: cost.toJSON() })),
      postedAt: postedAt.toISOString(),
    })),
    next,
  };
};

/** Why a balance is what it is. */
export function createExplanationRoutes({ clock, explainBalance }: ExplanationRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/balance/explanation',
      summary: 'Explain a balance at any moment',
      description:
        'Takes the balance apart, as it was at `at` (left out: now): by what was posted, and line by line, with the provider’s event, the order and the ' +
        'usage behind each.',
      tag: 'Balances',
      roles: ['platform', 'agency'],
      params: z.strictObject({ id: id('customer') }),
      query: z.strictObject({ ...pageQuery, at: z.iso.datetime().optional() }),
      responses: { 200: explanationAnswer },
      handle: async ({ scope, params, query: { limit, after, at } }) => {
        const position = decodeCursor(after);
        if (position !== undefined && !/^\d{1,15}$/.test(position)) {
          throw invalidField('after', 'invalid_request', 'Not a cursor of this list.');
        }
        const explanation = await explainBalance(scope, params.id, {
          at: at === undefined ? clock.now() : new Date(at),
          limit: limit + 1,
          before: position === undefined ? undefined : Number(position),
        });
        return { status: 200, body: bodyOf(explanation, limit) };
      },
    }),
  ];
}
