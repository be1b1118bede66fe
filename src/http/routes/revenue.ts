import { z } from 'zod';
import type { ReadRevenue } from '../../revenue/read-revenue.ts';
import { type Amounts, measures } from '../../revenue/revenue.ts';
import { formatQuery } from '../csv.ts';
import { defineRoute, type Route } from '../route.ts';
import { currencyCode, id, moneyAnswer } from '../schemas.ts';

export interface RevenueRouteDependencies {
  readonly readRevenue: ReadRevenue;
}

const amountAnswers = {
  gross: moneyAnswer.meta({ description: 'What clients paid, tax and fees in it.' }),
  providerFee: moneyAnswer.meta({ description: 'What the provider kept, in the currency that it settles in.' }),
  tax: moneyAnswer.meta({ description: 'Tax in what was drawn from balances, at the time it was drawn.' }),
  platformShare: moneyAnswer.meta({ description: 'The platform’s part of `gross`; on the platform, what it earned.' }),
  agencyShare: moneyAnswer.meta({
    description: '`gross` less the platform’s part, and less what was refunded or disputed.',
  }),
  refunds: moneyAnswer.meta({ description: 'What went back to clients, less what of it failed.' }),
  disputes: moneyAnswer.meta({ description: 'What banks took, less what they gave back.' }),
  overage: moneyAnswer,
} as const;

const revenueAnswer = z
  .object({
    agencyId: id('agency'),
    from: z.iso.date(),
    to: z.iso.date(),
    groupBy: z.enum(['day', 'plan', 'customer']),
    data: z.array(
      z.object({
        group: z.string().nullable().meta({ description: 'A UTC day, a plan’s id or a client’s; null: about none.' }),
        name: z.string().nullable(),
        currency: z.string(),
        ...amountAnswers,
      }),
    ),
    totals: z
      .array(z.object({ currency: z.string(), ...amountAnswers }))
      .meta({ description: 'One per currency; each figure equals the ledger’s.' }),
    dashboardUrl: z.string().nullable().meta({ description: 'The account’s own pages at its provider.' }),
  })
  .meta({ id: 'Revenue' });

/** Each by its name, so that a figure that is added is answered too or does not compile. */
const amountsJson = (amounts: Amounts) => ({
  gross: amounts.gross.toJSON(),
  providerFee: amounts.providerFee.toJSON(),
  tax: amounts.tax.toJSON(),
  platformShare: amounts.platformShare.toJSON(),
  agencyShare: amounts.agencyShare.toJSON(),
  refunds: amounts.refunds.toJSON(),
  disputes: amounts.disputes.toJSON(),
  overage: amounts.overage.toJSON(),
});

/** What an agency's clients paid, and who got what of it. */
export function createRevenueRoutes({ readRevenue }: RevenueRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id/revenue',
      summary: 'Read revenue by day, plan or client',
      description:
        'Summed from the ledger: what was posted on the UTC days from `from` to `to`, both counted in; left out, this month until ' +
        'today. A figure is in the currency it was posted in, so that one day may have a line for what was charged and one for what ' +
        'the provider settled. `Accept: text/csv` gives the lines as a table.',
      tag: 'Revenue',
      roles: ['platform', 'agency'],
      params: z.strictObject({ id: id('agency') }),
      query: z.strictObject({
        from: z.iso.date().optional(),
        to: z.iso.date().optional(),
        groupBy: z.enum(['day', 'plan', 'customer']).default('day'),
        currency: currencyCode.optional(),
        ...formatQuery,
      }),
      responses: { 200: revenueAnswer },
      csv: ({ agencyId, from, to, groupBy, data }) => ({
        fileName: `revenue-${agencyId}-${from}-${to}`,
        header: [groupBy, 'name', 'currency', ...measures],
        rows: data.map((row) => [row.group, row.name, row.currency, ...measures.map((measure) => row[measure].amount)]),
      }),
      handle: async ({ scope, params, query: { format: _, ...query } }) => {
        const { lines, totals, ...report } = await readRevenue(scope, { agencyId: params.id, ...query });
        return {
          status: 200,
          body: {
            ...report,
            data: lines.map(({ group, name, currency, ...amounts }) => ({
              group,
              name,
              currency,
              ...amountsJson(amounts),
            })),
            totals: totals.map(({ currency, ...amounts }) => ({ currency, ...amountsJson(amounts) })),
          },
        };
      },
    }),
  ];
}
