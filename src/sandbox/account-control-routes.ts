import express, { type Router } from 'express';
import type Stripe from 'stripe';
import { z } from 'zod';
import { able, changeStanding, disabledReasons, onboard, onboardingOutcomes, restricted } from './account-standing.ts';
import type { Transactions } from './call.ts';
import { authorize, deauthorize } from './connections.ts';

const onboardingSchema = z.strictObject({ outcome: z.enum(onboardingOutcomes) });

const restrictionSchema = z.strictObject({
  currentlyDue: z.array(z.string().min(1).max(200)).min(1).max(50),
  deadline: z.iso.datetime().optional(),
  reason: z.enum(disabledReasons).default('requirements.past_due'),
});

const stateOf = (account: Stripe.Account) => ({
  id: account.id,
  chargesEnabled: account.charges_enabled,
  payoutsEnabled: account.payouts_enabled,
  detailsSubmitted: account.details_submitted,
  currentlyDue: account.requirements?.currently_due ?? [],
  disabledReason: account.requirements?.disabled_reason ?? null,
});

/** What an account's owner does in a dashboard, and what the provider decides about the account. */
export function accountControlRoutes(transactions: Transactions): Router {
  const router = express.Router();
  router.post('/sandbox/accounts/:id/onboarding', async (request, response) => {
    const { outcome } = onboardingSchema.parse(request.body);
    response.json(stateOf(await transactions.run(request.params.id, null, (call) => onboard(call, outcome))));
  });
  router.post('/sandbox/accounts/:id/restrict', async (request, response) => {
    const { currentlyDue, deadline, reason } = restrictionSchema.parse(request.body);
    const standing = restricted({
      currentlyDue,
      deadline: deadline === undefined ? null : Math.floor(Date.parse(deadline) / 1000),
      reason,
    });
    response.json(stateOf(await transactions.run(request.params.id, null, (call) => changeStanding(call, standing))));
  });
  router.post('/sandbox/accounts/:id/enable', async (request, response) => {
    response.json(stateOf(await transactions.run(request.params.id, null, (call) => changeStanding(call, able))));
  });
  router.post('/sandbox/accounts/:id/deauthorize', async (request, response) => {
    await transactions.run(request.params.id, null, deauthorize);
    response.json({ id: request.params.id, authorized: false });
  });
  router.post('/sandbox/accounts/:id/authorize', async (request, response) => {
    await transactions.run(request.params.id, null, authorize);
    response.json({ id: request.params.id, authorized: true });
  });
  return router;
}
