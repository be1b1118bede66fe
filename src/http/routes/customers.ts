import { z } from 'zod';
import { type CustomerChangeDependencies, changeCustomer } from '../../tenancy/change-customer.ts';
import { createCustomer, type NewCustomerDependencies } from '../../tenancy/create-customer.ts';
import { type Customer, collectionSchema } from '../../tenancy/customer.ts';
import { findCustomer, listCustomers } from '../../tenancy/find-customers.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { email, id, isoTime, line } from '../schemas.ts';

const customerAnswer = z
  .object({
    id: id('customer'),
    agencyId: id('agency'),
    name: z.string(),
    email: z.string(),
    externalId: z.string().nullable(),
    collection: collectionSchema,
    disabled: z.boolean(),
    createdAt: isoTime,
  })
  .meta({ id: 'Customer' });

const customerJson = (customer: Customer) => ({ ...customer, createdAt: customer.createdAt.toISOString() });

const customerParams = z.strictObject({ id: id('customer') });
const externalId = line(200).meta({ description: "The agency's own name for the customer; unique within the agency." });
const tag = 'Customers';

/** `/v1/customers`: an agency's clients. */
export function createCustomerRoutes(dependencies: NewCustomerDependencies & CustomerChangeDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/customers',
      summary: 'Create a customer',
      description: 'An agency may leave `agencyId` out: it can only mean itself.',
      tag,
      roles: ['platform', 'agency'],
      body: z.strictObject({
        agencyId: id('agency').optional(),
        name: line(200),
        email,
        externalId: externalId.optional(),
        collection: collectionSchema.default('card'),
      }),
      responses: { 201: customerAnswer },
      handle: async ({ scope, body, request }) => {
        const { agencyId, name, email, externalId, collection } = body;
        const requestId = request.idempotency?.requestId;
        const customer = await createCustomer(dependencies, scope, {
          agencyId,
          name,
          email,
          externalId,
          collection,
          requestId,
        });
        return { status: 201, body: customerJson(customer) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers',
      summary: 'List customers, newest first',
      tag,
      roles: ['platform', 'agency'],
      query: z.strictObject({
        ...pageQuery,
        agencyId: id('agency').optional(),
        email: z.string().max(254).optional(),
        externalId: z.string().max(200).optional(),
      }),
      responses: { 200: pageAnswer(customerAnswer) },
      handle: async ({ scope, query: { limit, after, ...filter } }) => {
        const rows = await listCustomers(dependencies, scope, filter, { limit: limit + 1, after: decodeCursor(after) });
        const page = pageOf(rows, limit, (customer) => customer.id);
        return { status: 200, body: { data: page.data.map(customerJson), next: page.next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id',
      summary: 'Read a customer',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: customerParams,
      responses: { 200: customerAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: customerJson(await findCustomer(dependencies, scope, params.id)),
      }),
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/customers/:id',
      summary: 'Change a customer',
      description:
        'What is left out stays; an `externalId` that is null is removed. While a client is disabled its portal tokens are refused and ' +
        'nothing new is sold to it; what was paid is still credited. Another `collection` takes effect at the next cycle of what the client lives on.',
      tag,
      roles: ['platform', 'agency'],
      params: customerParams,
      body: z.strictObject({
        name: line(200).optional(),
        email: email.optional(),
        externalId: externalId.nullable().optional(),
        collection: collectionSchema.optional(),
        disabled: z.boolean().optional(),
      }),
      responses: { 200: customerAnswer },
      handle: async ({ scope, params, body }) => ({
        status: 200,
        body: customerJson(await changeCustomer(dependencies, scope, params.id, body)),
      }),
    }),
  ];
}
