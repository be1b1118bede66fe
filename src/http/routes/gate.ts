import { Decimal } from 'decimal.js';
import { z } from 'zod';
import type { CallSession } from '../../usage/call-session.store.ts';
import { refusalReasons } from '../../usage/decide-call.ts';
import type { Gate } from '../../usage/gate.ts';
import type { CallAnswer } from '../../usage/start-call.ts';
import { defineRoute, type Route } from '../route.ts';
import { decimalString, id, isoTime, line, moneyAnswer } from '../schemas.ts';

export interface GateRouteDependencies {
  readonly gate: Gate;
}

const reason = z.enum(refusalReasons);
const quantity = z.string().meta({ description: 'A decimal in the feature’s unit.', example: '12.5' });
const slots = z.object({ used: z.int(), limit: z.int().nullable().meta({ description: 'Null: not limited.' }) });

const callAnswer = z
  .object({
    allowed: z.boolean(),
    reason: reason.nullable(),
    sessionId: id('gateSession').nullable().meta({ description: 'Name it in the usage of the call.' }),
    expiresAt: isoTime.nullable().meta({ description: 'The slot is free again from then on, unless it is extended.' }),
    affordableQuantity: quantity.nullable().meta({ description: 'Null: not limited.' }),
    slots,
  })
  .meta({ id: 'GateAnswer' });

const sessionJson = (session: CallSession) => ({
  allowed: true,
  reason: null,
  sessionId: session.id,
  expiresAt: session.expiresAt.toISOString(),
  affordableQuantity: session.affordable?.toFixed() ?? null,
  slots: session.slots,
});

const callJson = (answer: CallAnswer) =>
  answer.allowed
    ? sessionJson(answer.session)
    : {
        allowed: false,
        reason: answer.reason,
        sessionId: null,
        expiresAt: null,
        affordableQuantity: answer.affordable?.toFixed() ?? null,
        slots: answer.slots,
      };

const entitlementsAnswer = z
  .object({
    customerId: id('customer'),
    state: z.enum(['served', 'refused']),
    reason: reason.nullable(),
    cover: z.enum(['subscription', 'trial', 'licence']).nullable(),
    slots,
    features: z.array(
      z.object({
        feature: z.string(),
        allowed: z.boolean(),
        reason: reason.nullable(),
        remaining: quantity.meta({ description: 'Of quotas and licences, less what calls hold.' }),
        affordableQuantity: quantity.nullable().meta({ description: 'With what the balance buys; null: not limited.' }),
        price: moneyAnswer.nullable(),
      }),
    ),
    limits: z.array(z.object({ feature: z.string(), included: z.int(), rented: z.int(), limit: z.int().nullable() })),
  })
  .meta({ id: 'Entitlements' });

const sessionParams = z.strictObject({ id: id('gateSession') });
const tag = 'Gate';
const roles = ['platform', 'agency'] as const;

/** What may start now. */
export function createGateRoutes({ gate }: GateRouteDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/gate/sessions',
      summary: 'May this client start a call now?',
      description:
        'Takes one of its slots, included and rented ones up to the plan’s limit, until `expiresAt`: extend it while the call lasts. ' +
        'An `estimate` holds what the call is expected to cost, quota first, then money, until its usage arrives that names the session. ' +
        'The same `callId` has the same answer while its lease lives. A refusal is a 200 as well, and may be a second old.',
      tag,
      roles,
      // The call's own name is its key.
      idempotency: 'none',
      body: z.strictObject({
        customerId: id('customer'),
        feature: z.string().min(1).max(60),
        callId: line(200),
        estimate: decimalString()
          .refine((text) => !text.startsWith('-') && !new Decimal(text).isZero(), 'The estimate must be above 0.')
          .optional(),
      }),
      responses: { 200: callAnswer },
      handle: async ({ scope, body: { estimate, ...request } }) => ({
        status: 200,
        body: callJson(
          await gate.start(scope, { ...request, estimate: estimate === undefined ? null : new Decimal(estimate) }),
        ),
      }),
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/gate/sessions/:id',
      summary: 'Extend a call',
      description:
        'For another lease. Never refused for money, quota or pause: `affordableQuantity` tells what is left, nobody is cut off. 409 ' +
        '`no_free_slot` only where the lease had run out and another call has the slot; 409 `session_over` once it has ended, or was not heard of for ten minutes.',
      tag,
      roles,
      params: sessionParams,
      responses: { 200: callAnswer },
      handle: async ({ scope, params }) => ({ status: 200, body: sessionJson(await gate.extend(scope, params.id)) }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/gate/sessions/:id',
      summary: 'End a call',
      description: 'Gives its slot back at once. What it holds is settled by its usage, or let go ten minutes later.',
      tag,
      roles,
      params: sessionParams,
      responses: { 200: z.object({ sessionId: id('gateSession'), endedAt: isoTime }).meta({ id: 'GateEnd' }) },
      handle: async ({ scope, params }) => {
        const { id, endedAt, expiresAt } = await gate.end(scope, params.id);
        return { status: 200, body: { sessionId: id, endedAt: (endedAt ?? expiresAt).toISOString() } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/entitlements',
      summary: 'What a client may do now',
      description: 'Its state, its features and its limits, without starting a call.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: z.strictObject({ id: id('customer') }),
      responses: { 200: entitlementsAnswer },
      handle: async ({ scope, params }) => {
        const { features, limits, ...found } = await gate.entitlements(scope, params.id);
        return {
          status: 200,
          body: {
            ...found,
            state: found.reason === null ? ('served' as const) : ('refused' as const),
            features: features.map(({ feature, reason, affordable, remaining, price }) => ({
              feature,
              allowed: reason === null,
              reason,
              remaining: remaining.toFixed(),
              affordableQuantity: affordable?.toFixed() ?? null,
              price: price?.toJSON() ?? null,
            })),
            limits: [...limits],
          },
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/v1/gate/checks',
      summary: 'May this client have that many seats, numbers or members?',
      tag,
      roles,
      idempotency: 'none',
      body: z.strictObject({
        customerId: id('customer'),
        feature: z.string().min(1).max(60),
        quantity: z.int().min(0).max(2_147_483_647),
      }),
      responses: {
        200: z
          .object({
            allowed: z.boolean(),
            reason: z.enum([...refusalReasons, 'limit_exceeded']).nullable(),
            limit: z.int().nullable(),
          })
          .meta({ id: 'LimitAnswer' }),
      },
      handle: async ({ scope, body }) => ({ status: 200, body: await gate.check(scope, body) }),
    }),
  ];
}
