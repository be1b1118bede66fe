import { z } from 'zod';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';
import type { UsageRouteDependencies } from './usage.ts';

const counted = z.string().meta({ description: 'A decimal, as the meter counts.', example: '12.5' });

const lineAnswer = z.object({
  customerId: id('customer'),
  name: z.string(),
  feature: z.string(),
  periodStart: isoTime,
  periodEnd: isoTime,
  merchantAccountId: id('merchantAccount'),
  counts: z.enum(['units', 'steps']).meta({
    description: 'Units of the feature; or, where totals must be chargeable, steps of what they cost (0.010 OMR).',
  }),
  currency: z.string(),
  target: counted.meta({ description: 'What the meter should have counted, as far as usage was last looked at.' }),
  delivered: counted,
  waiting: counted.meta({ description: 'Made and not taken yet, or being taken back.' }),
  refused: counted.meta({ description: 'What the provider refused; it is made again a day later.' }),
  unbillable: counted.meta({ description: 'What the provider no longer takes.' }),
  credited: counted.meta({ description: 'Invoiced too much, and given back on the balance.' }),
  differences: z.array(
    z.object({
      day: z.iso.date(),
      sent: counted,
      counted,
      resent: z.boolean().meta({ description: 'Whether what is missing was sent again.' }),
    }),
  ),
});

const metersAnswer = z
  .object({ agencyId: id('agency'), period: z.string(), data: z.array(lineAnswer) })
  .meta({ id: 'MeteredUsage' });

/** What providers' meters were told, and what they counted. */
export const createUsageMeterRoutes = ({ meters }: UsageRouteDependencies): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/agencies/:id/usage/meters',
    summary: 'Read what providers were told of invoiced overage, and where they counted something else',
    description:
      'By client, feature and period, of the periods that began in the UTC month `period`, left out: this one. Once a day what was sent ' +
      'is compared with what the provider counted, by whole UTC days; `differing=true` gives only where they differ.',
    tag: 'Usage',
    roles: ['platform', 'agency'],
    params: z.strictObject({ id: id('agency') }),
    query: z.strictObject({
      period: z
        .string()
        .regex(/^\d{4}-(0[1-9]|1[0-2])$/, 'A month, such as 2026-11.')
        .optional(),
      differing: z.enum(['true', 'false']).optional(),
    }),
    responses: { 200: metersAnswer },
    handle: async ({ scope, params, query: { period, differing } }) => {
      const { lines, ...report } = await meters.show(scope, params.id, { period, differing: differing === 'true' });
      return {
        status: 200,
        body: {
          ...report,
          data: lines.map(({ periodStart, periodEnd, ...line }) => ({
            ...line,
            periodStart: periodStart.toISOString(),
            periodEnd: periodEnd.toISOString(),
          })),
        },
      };
    },
  }),
];
