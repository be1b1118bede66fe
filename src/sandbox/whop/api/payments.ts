import type Whop from '@whop/sdk';
import { listQuery, requiredQuery, valuesOf, type WhopRoute } from '../route.ts';

/** A payment that passes the filters of a list. */
const passes =
  (query: URLSearchParams) =>
  ({ checkout_configuration_id, updated_at, plan }: Whop.Payment): boolean => {
    const configurations = valuesOf(query, 'checkout_configuration_ids');
    const after = query.get('updated_after');
    const before = query.get('updated_before');
    const plans = valuesOf(query, 'plan_ids');
    return (
      (configurations.length === 0 || configurations.includes(checkout_configuration_id ?? '')) &&
      (plans.length === 0 || plans.includes(plan?.id ?? '')) &&
      (before === null || new Date(updated_at) < new Date(before)) &&
      (after === null || new Date(updated_at) > new Date(after))
    );
  };

export const paymentRoutes: readonly WhopRoute[] = [
  { method: 'GET', path: '/payments/:id', run: (call, { id }) => call.get('payment', id) },
  {
    method: 'GET',
    path: '/payments',
    run: async (call, { query }) => {
      const account = await call.requireReach(requiredQuery(query, 'company_id'));
      const list = listQuery(query, [
        'company_id',
        'updated_after',
        'updated_before',
        'checkout_configuration_ids',
        'plan_ids',
      ]);
      return call.page('payment', account, list, passes(query));
    },
  },
];
