import { z } from 'zod';
import { cancelMembership, uncancelMembership } from '../memberships.ts';
import { parameters, type WhopRoute } from '../route.ts';

const cancelSchema = z.strictObject({ cancellation_mode: z.enum(['at_period_end', 'immediate']) });

export const membershipRoutes: readonly WhopRoute[] = [
  { method: 'GET', path: '/memberships/:id', run: (call, { id }) => call.get('membership', id) },
  {
    method: 'POST',
    path: '/memberships/:id/cancel',
    run: (call, { id, body }) => cancelMembership(call, id, parameters(cancelSchema, body).cancellation_mode),
  },
  { method: 'POST', path: '/memberships/:id/uncancel', run: (call, { id }) => uncancelMembership(call, id) },
];
