import { expect } from 'vitest';
import type { Route } from '../../../src/http/route.ts';
import { payAsYouGoInput } from '../../unit/catalog/plans.ts';
import { fieldNamesIn, idFieldsOf, nameOf } from './mounted.ts';
import {
  storeAccount,
  storeCall,
  storeCard,
  storeEndpoint,
  storeInvoice,
  storeNotice,
  storeSale,
  storeTrial,
} from './tenant-rows.ts';
import type { Service, Tenant } from './tenants.ts';

/** A tenant's objects, under the names by which paths, queries and bodies name them. */
export interface TenantObjects {
  /** Part of a path -> what to put there. The longest part that fits is taken. */
  readonly paths: Readonly<Record<string, string>>;
  /** Field of a query -> its value. */
  readonly queries: Readonly<Record<string, string>>;
  /** `method path` -> bodies that are in order but for whose objects they name. Each id field stands in one of them. */
  readonly bodies: Readonly<Record<string, readonly object[]>>;
  /** What no other tenant may ever be shown. */
  readonly secrets: readonly string[];
}

/** Makes one of each object for a tenant. A new kind of object, or a body with a new id field, is added here. */
export async function makeObjects(service: Service, { agency, customer, key }: Tenant): Promise<TenantObjects> {
  const make = async (path: string, body: object): Promise<string> => {
    const made = await service.call('POST', path, { key, body });
    expect(made.status, `${path}: ${JSON.stringify(made.body)}`).toBe(201);
    return String(made.body.id);
  };
  const plan = await make('/v1/plans', {
    name: 'gold',
    displayName: 'Gold',
    type: 'usage_based',
    pricingModel: 'fixed',
    cycles: { monthly: '49.00' },
    currency: 'USD',
  });
  const packs = [{ feature: 'call_minutes', quantity: '500', price: '45.00' }];
  const payAsYouGo = await make('/v1/plans', { ...payAsYouGoInput, packs, publish: true });
  await make(`/v1/customers/${customer.id}/subscription`, { planId: payAsYouGo });
  const token = await make(`/v1/customers/${customer.id}/portal-tokens`, {});
  const { order, quote, paidOrder } = await storeSale(service, customer);
  const account = await storeAccount(service, agency.id);
  const { endpoint, delivery } = await storeEndpoint(service, agency.id);
  const notice = await storeNotice(service, customer);
  const card = await storeCard(service, customer, account);
  const invoice = await storeInvoice(service, customer, account);
  const trial = await storeTrial(service, customer);
  const licence = await make(`/v1/customers/${customer.id}/licences`, { days: 7, remarks: 'for a test' });
  const call = await storeCall(service, customer);

  const amount = { amount: '5.00', currency: 'USD' };
  const agencyId = agency.id;
  const customerId = customer.id;
  return {
    paths: {
      '/v1/agencies/:id': agencyId,
      '/v1/customers/:id': customerId,
      '/v1/plans/:id': plan,
      '/v1/orders/:id': order,
      '/v1/transactions/:id': paidOrder,
      '/v1/customers/:id/portal-tokens/:tokenId': token,
      '/v1/customers/:id/statements/:month': '2020-01',
      '/v1/agencies/:id/api-keys/:keyId': 'key_absent',
      '/v1/agencies/:id/merchant-accounts/:accountId': account,
      '/v1/gate/sessions/:id': call,
      '/v1/notices/:id': notice,
      '/v1/customers/:id/payment-methods/:pmId': card,
      '/v1/customers/:id/licences/:licenceId': licence,
      '/v1/invoices/:id': invoice,
      '/v1/webhook-endpoints/:id': endpoint,
      '/v1/webhook-endpoints/:id/deliveries/:deliveryId': delivery,
      // Found by asking a provider: there is none here.
      '/v1/catalog/drift/:id': 'drift_absent',
      // The platform's own: no agency reaches what is behind these.
      '/v1/events/:id': 'evt_absent',
      '/v1/reconciliations/:id': 'rec_absent',
    },
    queries: { agencyId, customerId, planId: plan, merchantAccountId: account, newDefault: card },
    bodies: {
      'post /v1/agencies': [{ name: 'New', email: 'new@example.com', country: 'OM' }],
      'patch /v1/agencies/:id': [{ branding: { displayName: 'Shown' } }],
      'post /v1/agencies/:id/merchant-accounts': [{ provider: 'stripe', providerAccountId: `acct_of_${agencyId}` }],
      'post /v1/webhook-endpoints': [{ agencyId, url: 'https://93.184.216.34/hooks' }],
      'put /v1/agencies/:id/offers': [{ planIds: [plan] }],
      'post /v1/customers': [{ agencyId, name: 'New', email: 'new@example.com' }],
      'put /v1/customers/:id/offers': [{ planIds: [plan] }],
      'post /v1/customers/:id/subscription': [{ planId: payAsYouGo }],
      'post /v1/customers/:id/subscription/change': [{ planId: payAsYouGo }],
      'post /v1/customers/:id/adjustments': [{ kind: 'correction', amount, reason: 'across' }],
      'post /v1/invoices/:id/mark-paid': [{}],
      'post /v1/customers/:id/licences': [{ quantity: '10', remarks: 'across' }],
      'patch /v1/customers/:id/licences/:licenceId': [{ remarks: 'across' }],
      'post /v1/usage': [
        {
          id: 'usage',
          customerId,
          feature: 'call_minutes',
          quantity: '1',
          occurredAt: service.clock.now().toISOString(),
        },
      ],
      'post /v1/gate/sessions': [{ customerId, feature: 'call_minutes', callId: 'a call' }],
      'post /v1/gate/checks': [{ customerId, feature: 'seats', quantity: 1 }],
      'post /v1/portal-sessions': [{ code: 'nobody-has-this-code' }],
      'post /v1/plans': [
        { ...payAsYouGoInput, name: 'other', agencyId },
        { ...payAsYouGoInput, name: 'custom', customerId },
      ],
      'post /v1/plans/check': [
        { ...payAsYouGoInput, name: 'other', agencyId },
        { ...payAsYouGoInput, name: 'custom', customerId },
      ],
      'patch /v1/plans/:id': [{ customerId }],
      'post /v1/features': [{ agencyId, id: 'own', name: 'Own', unit: 'piece', kind: 'usage', aggregation: 'sum' }],
      'post /v1/catalog/sync': [{ planId: plan }, { merchantAccountId: account }],
      'post /v1/catalog/drift': [{ merchantAccountId: account }],
      'post /v1/reconciliations': [{ merchantAccountId: account }],
      'post /v1/quotes': [{ customerId, amount }],
      'post /v1/checkout-sessions': [
        { customerId, kind: 'top_up', amount },
        { customerId, kind: 'top_up', quoteId: quote },
        { customerId, kind: 'card' },
        { customerId, kind: 'subscription', planId: plan, cycle: 'monthly' },
        { customerId, kind: 'pack', packId: `${payAsYouGo}:1:0` },
      ],
      'post /v1/customers/:id/card-verifications': [{ paymentMethodId: card }],
      'put /v1/customers/:id/auto-refill': [{ enabled: false, threshold: amount, amount }],
    },
    secrets: [
      agencyId,
      customerId,
      plan,
      payAsYouGo,
      token,
      order,
      quote,
      account,
      endpoint,
      delivery,
      notice,
      card,
      trial,
      licence,
      invoice,
      call,
    ],
  };
}

/** A path with every parameter filled from a tenant's objects. */
export function pathOf({ path }: Pick<Route, 'path'>, { paths }: TenantObjects): string {
  const fill = (pattern: string, taken: string): string => {
    const value = paths[pattern];
    return value === undefined ? taken : value;
  };
  let pattern = '';
  return path
    .split('/')
    .slice(1)
    .map((part) => {
      pattern += `/${part}`;
      return `/${part.startsWith(':') ? fill(pattern, part) : part}`;
    })
    .join('');
}

/** The bodies to try a route with: at least one, which is nothing where it takes none. */
export const bodiesOf = (route: Route, { bodies }: TenantObjects): readonly (object | undefined)[] =>
  bodies[nameOf(route)] ?? [route.method === 'get' ? undefined : {}];

/** What the tables above lack for a route, each as a sentence that says what to add. */
export function lacking(route: Route, objects: TenantObjects): string[] {
  const where = 'makeObjects (test/integration/http/tenant-objects.ts)';
  const name = nameOf(route);
  const bodies = bodiesOf(route, objects);
  const given = new Set(bodies.flatMap(fieldNamesIn));
  const unreadable = route.schemas.body.safeParse(bodies[0] ?? {}).error?.issues[0];
  return [
    ...[...pathOf(route, objects).matchAll(/:(\w+)/g)].map(
      ([parameter]) =>
        `${name} has the parameter ${parameter}: make such an object in ${where} and add it to \`paths\`.`,
    ),
    ...idFieldsOf(route.schemas.query)
      .filter((field) => objects.queries[field] === undefined)
      .map((field) => `${name} takes \`${field}\` in its query: add it to \`queries\` of ${where}.`),
    ...idFieldsOf(route.schemas.body)
      .filter((field) => !given.has(field))
      .map((field) => `${name} takes \`${field}\` in its body: add a body with it to \`bodies\` of ${where}.`),
    ...(unreadable
      ? [
          `${name} refuses its body (${unreadable.path.join('.')}: ${unreadable.message}): put one into \`bodies\` of ${where}.`,
        ]
      : []),
  ];
}
