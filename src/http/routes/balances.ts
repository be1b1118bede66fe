import { z } from 'zod';
import type { AdjustBalance } from '../../checkout/adjust-balance.ts';
import { invalidField } from '../../errors.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { TenancyDependencies } from '../../tenancy/agency.ts';
import { findCustomer } from '../../tenancy/find-customers.ts';
import type { Gate } from '../../usage/gate.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { anyMoney, id, isoTime, line, moneyAnswer } from '../schemas.ts';

export interface BalanceRouteDependencies extends TenancyDependencies {
  readonly ledger: Ledger;
  readonly adjustBalance: AdjustBalance;
  readonly gate: Pick<Gate, 'balanceStanding'>;
}

const balanceAnswer = z
  .object({
    balance: moneyAnswer,
    held: moneyAnswer.meta({ description: 'Set aside for what is under way; part of the balance.' }),
    available: moneyAnswer,
    status: z.enum(['active', 'paused']).meta({ description: 'Paused below zero, until the balance is above it.' }),
  })
  .meta({ id: 'Balance' });

const lineAnswer = z
  .object({
    sequence: z.number().int(),
    code: z.string().meta({ example: 'topup.settle' }),
    amount: moneyAnswer.meta({ description: 'Signed: what is added to the balance is positive.' }),
    balanceAfter: moneyAnswer,
    reference: z.string().meta({ description: 'The fact behind the line, e.g. a provider’s payment.' }),
    transactionId: id('ledgerTransaction'),
    postedAt: isoTime,
  })
  .meta({ id: 'LedgerLine' });

const params = z.strictObject({ id: id('customer') });
const tag = 'Balances';

/** A client's balance and the statement that explains it. */
export function createBalanceRoutes(dependencies: BalanceRouteDependencies): Route[] {
  const { ledger, adjustBalance, gate } = dependencies;
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/balance',
      summary: 'Read a balance',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params,
      responses: { 200: balanceAnswer },
      handle: async ({ scope, params }) => {
        const customer = await findCustomer(dependencies, scope, params.id);
        const balance = await ledger.balance(customer.agencyId, customer.id);
        const { held, paused } = await gate.balanceStanding({ agencyId: customer.agencyId, customerId: customer.id });
        const status: 'active' | 'paused' = paused || balance.isNegative ? 'paused' : 'active';
        return {
          status: 200,
          body: {
            balance: balance.toJSON(),
            held: held.toJSON(),
            available: balance.minus(held).toJSON(),
            status,
          },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/ledger',
      summary: 'Read a statement, newest line first',
      description: 'Each line’s `balanceAfter` is the line before it plus its `amount`; sequences have no gaps.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params,
      query: z.strictObject(pageQuery),
      responses: { 200: pageAnswer(lineAnswer) },
      handle: async ({ scope, params, query: { limit, after } }) => {
        const customer = await findCustomer(dependencies, scope, params.id);
        const position = decodeCursor(after);
        if (position !== undefined && !/^\d{1,15}$/.test(position)) {
          throw invalidField('after', 'invalid_request', 'Not a cursor of this list.');
        }
        const lines = await ledger.statement(customer.agencyId, customer.id, {
          limit: limit + 1,
          ...(position === undefined ? {} : { before: Number(position) }),
        });
        const page = pageOf(lines, limit, (line) => String(line.sequence));
        return {
          status: 200,
          body: {
            data: page.data.map((line) => ({
              sequence: line.sequence,
              code: line.code,
              amount: line.amount.toJSON(),
              balanceAfter: line.balanceAfter.toJSON(),
              reference: line.reference,
              transactionId: line.transactionId,
              postedAt: line.postedAt.toISOString(),
            })),
            next: page.next,
          },
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/adjustments',
      summary: 'Enter a payment made outside, or a correction',
      description:
        'Posted at once, with its reason. A correction may be negative, and so may the balance after it. The same ' +
        '`externalReference` again changes nothing.',
      tag,
      roles: ['platform', 'agency'],
      idempotency: 'required',
      params,
      body: z.strictObject({
        kind: z.enum(['payment', 'correction']),
        amount: anyMoney,
        reason: line(500),
        externalReference: line(200).optional(),
      }),
      responses: {
        201: z.object({ reference: z.string(), balance: moneyAnswer }).meta({ id: 'Adjustment' }),
      },
      handle: async ({ scope, params, body, request }) => {
        const customer = await findCustomer(dependencies, scope, params.id);
        const { reference, balance } = await adjustBalance({
          agencyId: customer.agencyId,
          customerId: customer.id,
          ...body,
          requestId: request.idempotency.requestId,
          by: scope.role === 'portal' ? 'portal' : `operator:${scope.keyId}`,
        });
        return { status: 201, body: { reference, balance: balance.toJSON() } };
      },
    }),
  ];
}
