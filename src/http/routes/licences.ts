import { z } from 'zod';
import type { CustomerKey } from '../../catalog/offer.store.ts';
import {
  defaultFeature,
  type LicenceView,
  licenceDaysMax,
  licenceKindSchema,
  licenceSourceSchema,
  licenceStatusSchema,
} from '../../subscriptions/licence.ts';
import type { Licences } from '../../subscriptions/licences.ts';
import type { PackForSale } from '../../subscriptions/start-pack.ts';
import type { TenancyDependencies } from '../../tenancy/agency.ts';
import { findCustomer } from '../../tenancy/find-customers.ts';
import type { Scope } from '../../tenancy/scope.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { decimalString, id, isoTime, line, moneyAnswer } from '../schemas.ts';

export interface LicenceRouteDependencies extends TenancyDependencies {
  readonly listPacks: (customer: CustomerKey) => Promise<readonly PackForSale[]>;
  readonly licences: Licences;
}

const forTheAgency = 'Null for the client.';

const licenceAnswer = z
  .object({
    id: id('licence'),
    customerId: id('customer'),
    kind: licenceKindSchema,
    days: z.int().nullable(),
    feature: z.string().nullable(),
    quantity: z.string().nullable(),
    status: licenceStatusSchema,
    used: z.string(),
    remaining: z.string().nullable().meta({ description: 'Of the quantity; null of days.' }),
    daysRemaining: z.int().nullable().meta({ description: 'Counted down; null for what does not expire.' }),
    startsAt: isoTime.meta({ description: 'Days begin where the days before them end.' }),
    expiresAt: isoTime.nullable(),
    source: licenceSourceSchema.meta({ description: 'Granted by hand, or bought as a pack of the plan.' }),
    orderId: id('order').nullable(),
    remarks: z.string().nullable().meta({ description: forTheAgency }),
    grantedBy: z.string().nullable().meta({ description: forTheAgency }),
    revokedAt: isoTime.nullable(),
    createdAt: isoTime,
  })
  .meta({ id: 'Licence' });

const licenceJson = (scope: Scope, licence: LicenceView) => {
  const ownNotes = scope.role === 'portal' ? { remarks: null, grantedBy: null } : {};
  return {
    ...licence,
    ...ownNotes,
    startsAt: licence.startsAt.toISOString(),
    expiresAt: licence.expiresAt?.toISOString() ?? null,
    revokedAt: licence.revokedAt?.toISOString() ?? null,
    createdAt: licence.createdAt.toISOString(),
  };
};

const packAnswer = z
  .object({
    packId: z.string().meta({ description: 'What it is bought by: kind `pack` of `POST /v1/checkout-sessions`.' }),
    planId: id('plan'),
    planVersion: z.int(),
    feature: z.string(),
    quantity: z.string(),
    validDays: z.int().nullable().meta({ description: 'From the payment on; null: until it is used.' }),
    listPrice: moneyAnswer,
    charged: moneyAnswer.nullable().meta({
      description: 'With its tax, in the currency of the account; null where the account cannot charge it.',
    }),
  })
  .meta({ id: 'Pack' });

const packJson = (pack: PackForSale) => ({
  ...pack,
  validDays: pack.validDays ?? null,
  listPrice: pack.listPrice.toJSON(),
  charged: pack.charged?.toJSON() ?? null,
});

const remarks = line(500).meta({ description: 'Why it was granted: for the agency, not for the client.' });
const ofCustomer = z.strictObject({ id: id('customer') });
const ofLicence = z.strictObject({ id: id('customer'), licenceId: id('licence') });
const tag = 'Licences';

/** What a client may use beyond its plan. */
export function createLicenceRoutes(dependencies: LicenceRouteDependencies): Route[] {
  const { licences, listPacks } = dependencies;
  return [
    defineRoute({
      method: 'post',
      path: '/v1/customers/:id/licences',
      summary: 'Grant a client days of service, or a quantity of a feature',
      description:
        `Exactly one of \`days\` (1 to ${licenceDaysMax}) and \`quantity\`, which is of \`${defaultFeature}\` unless \`feature\` says otherwise. ` +
        'Days follow those that the client has; quantities stand beside each other, and the first to expire is used first.',
      tag,
      roles: ['platform', 'agency'],
      params: ofCustomer,
      body: z.strictObject({
        days: z.int().optional(),
        feature: line(60).optional(),
        quantity: decimalString().optional(),
        expiresAt: z.iso.datetime({ offset: true }).pipe(z.coerce.date()).optional(),
        remarks,
      }),
      responses: { 201: licenceAnswer },
      handle: async ({ scope, params, body, request }) => {
        const requestId = request.idempotency?.requestId;
        const licence = await licences.grant(scope, params.id, { ...body, requestId });
        return { status: 201, body: licenceJson(scope, licence) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/licences',
      summary: 'List a client’s licences, newest first',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: ofCustomer,
      query: z.strictObject(pageQuery),
      responses: { 200: pageAnswer(licenceAnswer) },
      handle: async ({ scope, params, query: { limit, after } }) => {
        const rows = await licences.list(scope, params.id, { limit: limit + 1, after: decodeCursor(after) });
        const page = pageOf(rows, limit, (licence) => licence.id);
        return { status: 200, body: { data: page.data.map((row) => licenceJson(scope, row)), next: page.next } };
      },
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/customers/:id/licences/:licenceId',
      summary: 'Change what is remarked of a licence',
      tag,
      roles: ['platform', 'agency'],
      params: ofLicence,
      body: z.strictObject({ remarks }),
      responses: { 200: licenceAnswer },
      handle: async ({ scope, params, body }) => ({
        status: 200,
        body: licenceJson(scope, await licences.remark(scope, params.id, params.licenceId, body.remarks)),
      }),
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/customers/:id/licences/:licenceId',
      summary: 'Revoke a licence',
      description: 'From now on. What was used of it stays used; days that were to follow it move up.',
      tag,
      roles: ['platform', 'agency'],
      params: ofLicence,
      responses: { 204: z.undefined() },
      handle: async ({ scope, params }) => {
        await licences.revoke(scope, params.id, params.licenceId);
        return { status: 204, body: undefined };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/customers/:id/packs',
      summary: 'List what a client may buy beyond its plan',
      description: 'Packs of the plan that the client lives on, at its version. None without a plan.',
      tag,
      roles: ['platform', 'agency', 'portal'],
      params: ofCustomer,
      responses: { 200: z.object({ data: z.array(packAnswer) }) },
      handle: async ({ scope, params }) => {
        const { agencyId, id: customerId } = await findCustomer(dependencies, scope, params.id);
        return { status: 200, body: { data: (await listPacks({ agencyId, customerId })).map(packJson) } };
      },
    }),
  ];
}
