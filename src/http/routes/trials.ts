import { z } from 'zod';
import { type Trial, trialEndSchema, trialStatusSchema } from '../../subscriptions/trial.ts';
import type { Trials } from '../../subscriptions/trials.ts';
import { defineRoute, type Route } from '../route.ts';
import { id, isoTime } from '../schemas.ts';

export interface TrialRouteDependencies {
  readonly trials: Pick<Trials, 'find'>;
}

const trialAnswer = z
  .object({
    id: id('trial'),
    customerId: id('customer'),
    status: trialStatusSchema.meta({ description: '`converted`: the client lives on a plan since.' }),
    minutes: z.string().meta({ description: 'Of calls, for the whole trial.' }),
    concurrency: z.int(),
    end: trialEndSchema.meta({
      description: 'At its end service pauses, or continues until the client is disabled.',
    }),
    startedAt: isoTime,
    endsAt: isoTime,
    endedAt: isoTime.nullable(),
  })
  .meta({ id: 'Trial' });

const trialJson = (trial: Trial) => ({
  ...trial,
  startedAt: trial.startedAt.toISOString(),
  endsAt: trial.endsAt.toISOString(),
  endedAt: trial.endedAt?.toISOString() ?? null,
});

/** What a new client of an agency may use before it pays. */
export const createTrialRoutes = ({ trials }: TrialRouteDependencies): Route[] => [
  defineRoute({
    method: 'get',
    path: '/v1/customers/:id/trial',
    summary: 'Read a client’s trial',
    description:
      'Of its agency’s setting when the client was created, once per e-mail address. 404 `no_trial` where there was none.',
    tag: 'Subscriptions',
    roles: ['platform', 'agency', 'portal'],
    params: z.strictObject({ id: id('customer') }),
    responses: { 200: trialAnswer },
    handle: async ({ scope, params }) => ({ status: 200, body: trialJson(await trials.find(scope, params.id)) }),
  }),
];
