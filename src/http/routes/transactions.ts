import { z } from 'zod';
import { invalidField } from '../../errors.ts';
import { type HistoryLine, lineKinds, lineStatuses } from '../../history/history-line.ts';
import type { History, HistoryFilter, HistoryOf, HistoryPosition } from '../../history/read-history.ts';
import { type CsvTable, formatQuery } from '../csv.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer } from '../schemas.ts';

export interface TransactionRouteDependencies {
  readonly history: History;
}

const lineAnswer = z
  .object({
    id: z.string().meta({ description: 'Of what the line is about: an order, an attempt, a refund, a dispute, ...' }),
    customerId: id('customer'),
    kind: z.enum(lineKinds),
    status: z.enum(lineStatuses).meta({
      description:
        '`failed`: a declined attempt, each a line of its own with its reason, or what finally failed. `checkout`: started, not completed; ' +
        '`expiredAt` says when it was over. `disputed`: a bank holds the money or has kept it. `held`, `released`: of a hold, which is no payment.',
    }),
    merchantAccountId: id('merchantAccount').nullable(),
    orderId: id('order').nullable().meta({ description: 'What was paid, tried, refunded or disputed.' }),
    invoiceId: id('invoice').nullable(),
    amount: moneyAnswer.meta({
      description: 'USD of balance where balance was sold, else what was charged. Without sign, but for an adjustment.',
    }),
    charged: moneyAnswer.nullable(),
    amountRefunded: moneyAnswer.nullable().meta({ description: 'Null where nothing can be refunded.' }),
    reason: z
      .object({ code: z.string().nullable(), declineCode: z.string().nullable(), message: z.string().nullable() })
      .nullable(),
    occurredAt: isoTime,
    paidAt: isoTime.nullable(),
    expiredAt: isoTime.nullable(),
  })
  .meta({ id: 'Transaction' });

const detailAnswer = lineAnswer
  .extend({
    about: z.array(lineAnswer).meta({ description: 'Every line about the same order or invoice, oldest first.' }),
  })
  .meta({ id: 'TransactionDetail' });

const lineJson = ({ agencyId: _, at, ...line }: HistoryLine) => ({
  ...line,
  amount: line.amount.toJSON(),
  charged: line.charged?.toJSON() ?? null,
  amountRefunded: line.amountRefunded?.toJSON() ?? null,
  occurredAt: at.toISOString(),
  paidAt: line.paidAt?.toISOString() ?? null,
  expiredAt: line.expiredAt?.toISOString() ?? null,
});

const listQuery = z.strictObject({
  ...pageQuery,
  kind: z.enum(lineKinds).optional(),
  status: z.enum(lineStatuses).optional(),
  from: z.iso.datetime().optional().meta({ description: 'At this moment or later.' }),
  until: z.iso.datetime().optional().meta({ description: 'Before this moment.' }),
  ...formatQuery,
});
type ListQuery = z.output<typeof listQuery>;

const filterOf = ({ kind, status, from, until }: ListQuery): HistoryFilter => ({
  kinds: kind && [kind],
  statuses: status && [status],
  from: from === undefined ? undefined : new Date(from),
  until: until === undefined ? undefined : new Date(until),
});

const positionOf = ({ at, id: line }: HistoryLine): string => `${at.toISOString()} ${line}`;

function positionAfter(after: string | undefined): HistoryPosition | undefined {
  const position = decodeCursor(after);
  if (position === undefined) return undefined;
  const [at = '', line = ''] = position.split(' ');
  if (Number.isNaN(Date.parse(at)) || line === '') {
    throw invalidField('after', 'invalid_request', 'Not a cursor of this list.');
  }
  return { at: new Date(at), id: line };
}

const header = [
  ...['id', 'occurredAt', 'customer', 'kind', 'status', 'amount', 'currency', 'charged', 'chargeCurrency', 'refunded'],
  ...['order', 'invoice', 'reasonCode', 'declineCode', 'reason', 'paidAt', 'expiredAt'],
];

async function* cellsOf(lines: AsyncIterable<HistoryLine>): AsyncGenerator<readonly (string | null)[]> {
  for await (const line of lines) {
    const { amount, charged, amountRefunded, reason } = lineJson(line);
    yield [
      ...[line.id, line.at.toISOString(), line.customerId, line.kind, line.status],
      ...[amount.amount, amount.currency, charged?.amount ?? null, charged?.currency ?? null],
      ...[amountRefunded?.amount ?? null, line.orderId, line.invoiceId],
      ...[reason?.code ?? null, reason?.declineCode ?? null, reason?.message ?? null],
      ...[line.paidAt?.toISOString() ?? null, line.expiredAt?.toISOString() ?? null],
    ];
  }
}

const tag = 'Transactions';

/** The billing history: every payment, what was tried, and what went back. */
export function createTransactionRoutes({ history }: TransactionRouteDependencies): Route[] {
  const listed = async (scope: Parameters<History['list']>[0], of: HistoryOf, query: ListQuery) => {
    const page = { limit: query.limit + 1, before: positionAfter(query.after) };
    const { data, next } = pageOf(await history.list(scope, of, filterOf(query), page), query.limit, positionOf);
    return { status: 200, body: { data: data.map(lineJson), next } } as const;
  };
  const table = async (
    scope: Parameters<History['all']>[0],
    of: HistoryOf,
    query: ListQuery,
    name: string,
  ): Promise<CsvTable> => ({
    fileName: `transactions-${name}`,
    header,
    rows: cellsOf(await history.all(scope, of, filterOf(query))),
  });
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/transactions',
      summary: 'Read a client’s billing history, newest first',
      description:
        'Top-ups, refills, packs, invoices, refunds, disputes, entries of an operator, and holds as holds. `Accept: text/csv` gives all of it that ' +
        'the filters leave as a table, however long.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: id('customer') }),
      query: listQuery,
      responses: { 200: pageAnswer(lineAnswer) },
      table: ({ scope, params, query }) => table(scope, { customerId: params.id }, query, params.id),
      handle: ({ scope, params, query }) => listed(scope, { customerId: params.id }, query),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id/transactions',
      summary: 'Read the billing history of all clients of an agency, newest first',
      description: 'As the history of one client. `Accept: text/csv` gives all of it as a table, however long.',
      tag,
      roles: ['platform', 'agency'],
      params: z.strictObject({ id: id('agency') }),
      query: listQuery,
      responses: { 200: pageAnswer(lineAnswer) },
      table: ({ scope, params, query }) => table(scope, { agencyId: params.id }, query, params.id),
      handle: ({ scope, params, query }) => listed(scope, { agencyId: params.id }, query),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/transactions/:id',
      summary: 'Read one line of a billing history, and all that belongs to it',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: z.string().min(1).max(100) }),
      responses: { 200: detailAnswer },
      handle: async ({ scope, params }) => {
        const { line, about } = await history.find(scope, params.id);
        return { status: 200, body: { ...lineJson(line), about: about.map(lineJson) } };
      },
    }),
  ];
}
