import { z } from 'zod';
import type { ReportLine } from '../../usage/report-usage.ts';
import type { ExplainedEvent, FeatureUsage } from '../../usage/show-usage.ts';
import { formatQuery } from '../csv.ts';
import { decodeCursor, encodeCursor, pageAnswer, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime, moneyAnswer } from '../schemas.ts';
import type { UsageRouteDependencies } from './usage.ts';

const quantity = z.string().meta({ description: 'A decimal in the feature’s unit.', example: '12.5' });
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const featureUsageAnswer = z
  .object({
    feature: z.string(),
    unit: z.string(),
    periodStart: isoTime,
    periodEnd: isoTime,
    planId: id('plan').nullable(),
    planVersion: z.int().nullable(),
    used: quantity,
    free: z.object({ included: quantity, used: quantity }),
    addOn: z
      .object({ granted: quantity, used: quantity })
      .meta({ description: 'Licences and packs that are valid now.' }),
    remaining: quantity.meta({ description: 'Of both, before anything is charged.' }),
    overage: quantity,
    cost: moneyAnswer.meta({ description: 'Of the overage, tax in it.' }),
    tax: moneyAnswer,
    price: moneyAnswer.nullable().meta({ description: 'Per unit of overage; null: nothing more is sold.' }),
    collect: z.enum(['balance', 'invoice']),
    events: z.int(),
    forecast: z
      .object({ quantity, overage: quantity, cost: moneyAnswer })
      .meta({ description: 'At the end of the period, if it goes on as it began.' }),
  })
  .meta({ id: 'FeatureUsage' });

const featureUsageJson = (usage: FeatureUsage) => ({
  feature: usage.feature,
  unit: usage.unit,
  periodStart: usage.periodStart.toISOString(),
  periodEnd: usage.periodEnd.toISOString(),
  planId: usage.planId,
  planVersion: usage.planVersion,
  used: usage.used.toFixed(),
  free: { included: usage.free.included.toFixed(), used: usage.free.used.toFixed() },
  addOn: { granted: usage.addOn.granted.toFixed(), used: usage.addOn.used.toFixed() },
  remaining: usage.remaining.toFixed(),
  overage: usage.overage.toFixed(),
  cost: usage.cost.toJSON(),
  tax: usage.tax.toJSON(),
  price: usage.price?.toJSON() ?? null,
  collect: usage.collect,
  events: usage.events,
  forecast: {
    quantity: usage.forecast.quantity.toFixed(),
    overage: usage.forecast.overage.toFixed(),
    cost: usage.forecast.cost.toJSON(),
  },
});

const explainedAnswer = z
  .object({
    id: z.string(),
    feature: z.string(),
    quantity,
    occurredAt: isoTime,
    sessionId: z.string().nullable(),
    reverses: z.string().nullable(),
    periodStart: isoTime,
    free: quantity,
    addOn: quantity,
    overage: quantity,
    cost: moneyAnswer,
    draw: z.string().nullable().meta({ description: 'The `reference` of the line on the client’s statement.' }),
    recordedAt: isoTime,
  })
  .meta({ id: 'ExplainedUsage' });

const explainedJson = ({ occurredAt, periodStart, recordedAt, cost, ...event }: ExplainedEvent) => ({
  ...event,
  occurredAt: occurredAt.toISOString(),
  periodStart: periodStart.toISOString(),
  recordedAt: recordedAt.toISOString(),
  cost: cost.toJSON(),
});

const amounts = {
  cost: moneyAnswer.meta({ description: 'Tax in it.' }),
  tax: moneyAnswer,
  drawn: moneyAnswer.meta({ description: 'What left balances.' }),
  invoiced: moneyAnswer.meta({ description: 'What the provider’s next invoices ask for.' }),
  owed: moneyAnswer.meta({ description: 'What the agency collects itself, from clients that pay outside.' }),
} as const;

const amountsJson = (line: Pick<ReportLine, keyof typeof amounts>) => ({
  cost: line.cost.toJSON(),
  tax: line.tax.toJSON(),
  drawn: line.drawn.toJSON(),
  invoiced: line.invoiced.toJSON(),
  owed: line.owed.toJSON(),
});

const reportAnswer = z
  .object({
    agencyId: id('agency'),
    period: z.string(),
    data: z.array(
      z.object({
        customerId: id('customer'),
        name: z.string(),
        externalId: z.string().nullable(),
        feature: z.string(),
        periodStart: isoTime,
        periodEnd: isoTime,
        planId: id('plan').nullable(),
        planVersion: z.int().nullable(),
        used: quantity,
        included: quantity,
        free: quantity,
        addOn: quantity,
        overage: quantity,
        ...amounts,
      }),
    ),
    totals: z.object(amounts).meta({ description: 'Of all lines, whatever the page.' }),
    next: z.string().nullable(),
  })
  .meta({ id: 'UsageReport' });

const measures = ['used', 'included', 'free', 'addOn', 'overage'] as const;
const moneyMeasures = ['cost', 'tax', 'drawn', 'invoiced', 'owed'] as const;

async function* tableRows(lines: AsyncIterable<ReportLine>): AsyncGenerator<readonly (string | null)[]> {
  for await (const line of lines) {
    const amounts = amountsJson(line);
    yield [
      ...[line.customerId, line.name, line.externalId, line.feature],
      ...[line.periodStart.toISOString(), line.periodEnd.toISOString(), line.planId],
      line.planVersion === null ? null : String(line.planVersion),
      ...measures.map((measure) => line[measure]),
      ...moneyMeasures.map((measure) => amounts[measure].amount),
      amounts.cost.currency,
    ];
  }
}

const tag = 'Usage';

/** What was used, and what it came to. */
export function createUsageViewRoutes({ usage }: UsageRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/usage',
      summary: 'Read what a client has used, by feature and period',
      description:
        'The periods that hold `at`, or now: the included quantity first, then licences and packs by earliest expiry, then overage at ' +
        'the price of the version that the period was sold at. `GET .../usage/events` lists the events that the figures sum up.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: id('customer') }),
      query: z.strictObject({ at: time.optional(), feature: z.string().max(60).optional() }),
      responses: { 200: z.object({ data: z.array(featureUsageAnswer) }) },
      handle: async ({ scope, params, query }) => ({
        status: 200,
        body: { data: (await usage.show(scope, params.id, query)).map(featureUsageJson) },
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/usage/events',
      summary: 'Read the events behind a client’s usage, newest first',
      description:
        'Each with what it made of its period’s figures, which it sums to. A late event carries what it moved between the others. Left ' +
        'out, `from` is 31 days ago and `until` now; both are compared with the moment at which an event counts.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: id('customer') }),
      query: z.strictObject({
        ...pageQuery,
        feature: z.string().max(60).optional(),
        from: time.optional(),
        until: time.optional(),
      }),
      responses: { 200: pageAnswer(explainedAnswer) },
      handle: async ({ scope, params, query: { after, ...query } }) => {
        const page = await usage.explain(scope, params.id, { ...query, after: decodeCursor(after) });
        return {
          status: 200,
          body: { data: page.data.map(explainedJson), next: page.next === null ? null : encodeCursor(page.next) },
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id/usage-report',
      summary: 'Read what an agency’s clients used, and what they owe',
      description:
        'The periods that began in the UTC month `period`, left out: this one. By pages; `Accept: text/csv` gives all lines as a table.',
      tag,
      roles: ['platform', 'agency'],
      params: z.strictObject({ id: id('agency') }),
      query: z.strictObject({
        period: z
          .string()
          .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'A month, such as 2026-11.')
          .optional(),
        ...pageQuery,
        ...formatQuery,
      }),
      responses: { 200: reportAnswer },
      csv: ({ agencyId, period }) => ({
        fileName: `usage-${agencyId}-${period}`,
        header: [
          ...['customer', 'name', 'externalId', 'feature', 'periodStart', 'periodEnd', 'plan', 'version'],
          ...measures,
          ...moneyMeasures,
          'currency',
        ],
        rows: tableRows(usage.reportLines(agencyId, period)),
      }),
      handle: async ({ scope, params, query: { period, limit, after } }) => {
        const query = { period, limit, after: decodeCursor(after) };
        const { lines, next, totals, ...report } = await usage.report(scope, params.id, query);
        return {
          status: 200,
          body: {
            ...report,
            data: lines.map((line) => ({
              ...line,
              ...amountsJson(line),
              periodStart: line.periodStart.toISOString(),
              periodEnd: line.periodEnd.toISOString(),
            })),
            totals: amountsJson(totals),
            next: next === null ? null : encodeCursor(next),
          },
        };
      },
    }),
  ];
}
