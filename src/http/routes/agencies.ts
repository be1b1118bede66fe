import { z } from 'zod';
import { type Agency, agencySettings, agencySettingsChange } from '../../tenancy/agency.ts';
import { customerIdsOf } from '../../tenancy/agency-clients.ts';
import {
  type ApiKey,
  issueApiKey,
  type KeyIssueDependencies,
  listApiKeys,
  revokeApiKey,
} from '../../tenancy/api-keys.ts';
import { changeAgency } from '../../tenancy/change-agency.ts';
import { createAgency } from '../../tenancy/create-agency.ts';
import { findAgency, findPlatformAgency, listAgencies } from '../../tenancy/find-agencies.ts';
import { decodeCursor, pageAnswer, pageOf, pageQuery } from '../pagination.ts';
import { defineRoute, type Route } from '../route.ts';
import { country, email, id, isoTime, line } from '../schemas.ts';

const agencyAnswer = z
  .object({
    id: id('agency'),
    name: z.string(),
    email: z.string(),
    country: z.string(),
    platform: z.boolean().meta({ description: 'True for the one agency that is the platform itself.' }),
    disabled: z.boolean(),
    customerId: id('customer').nullable().meta({
      description: 'The agency as a client of the platform, which is how it buys for itself. Null for the platform.',
    }),
    ...agencySettings.shape,
    createdAt: isoTime,
  })
  .meta({ id: 'Agency' });

async function agenciesJson({ prisma }: KeyIssueDependencies, agencies: readonly Agency[]) {
  const customers = await customerIdsOf(
    prisma,
    agencies.map((agency) => agency.id),
  );
  return agencies.map(({ isPlatform, createdAt, ...agency }) => ({
    ...agency,
    platform: isPlatform,
    customerId: customers.get(agency.id) ?? null,
    createdAt: createdAt.toISOString(),
  }));
}

async function agencyJson(dependencies: KeyIssueDependencies, agency: Agency) {
  const [json] = await agenciesJson(dependencies, [agency]);
  if (!json) throw new Error(`the agency ${agency.id} has no answer`);
  return json;
}

const apiKeyAnswer = z
  .object({
    id: id('apiKey'),
    agencyId: id('agency'),
    name: z.string(),
    hint: z.string().meta({ description: 'Enough of the key to tell it from others.', example: 'baisa_ak_...x3Qs' }),
    createdAt: isoTime,
    lastUsedAt: isoTime.nullable().meta({ description: 'Exact to a minute.' }),
    revokedAt: isoTime.nullable(),
  })
  .meta({ id: 'ApiKey' });

const apiKeyJson = (key: ApiKey) => ({
  ...key,
  createdAt: key.createdAt.toISOString(),
  lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
  revokedAt: key.revokedAt?.toISOString() ?? null,
});

const agencyParams = z.strictObject({ id: id('agency') });
const tag = 'Agencies';

/** `/v1/agencies`: the platform's to manage; an agency sees to its own settings. */
export function createAgencyRoutes(dependencies: KeyIssueDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/agencies',
      summary: 'Create an agency',
      tag,
      roles: ['platform'],
      body: z.strictObject({ name: line(200), email, country, ...agencySettings.shape }),
      responses: { 201: agencyAnswer },
      handle: async ({ scope, body: { name, email, country, ...settings }, request }) => {
        const requestId = request.idempotency?.requestId;
        const agency = await createAgency(dependencies, scope, { name, email, country, settings, requestId });
        return { status: 201, body: await agencyJson(dependencies, agency) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies',
      summary: 'List agencies, newest first',
      tag,
      roles: ['platform'],
      query: z.strictObject(pageQuery),
      responses: { 200: pageAnswer(agencyAnswer) },
      handle: async ({ scope, query: { limit, after } }) => {
        const rows = await listAgencies(dependencies, scope, { limit: limit + 1, after: decodeCursor(after) });
        const page = pageOf(rows, limit, (agency) => agency.id);
        return { status: 200, body: { data: await agenciesJson(dependencies, page.data), next: page.next } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/platform',
      summary: 'The platform as an agency',
      tag,
      roles: ['platform'],
      responses: { 200: agencyAnswer },
      handle: async ({ scope }) => ({
        status: 200,
        body: await agencyJson(dependencies, await findPlatformAgency(dependencies, scope)),
      }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id',
      summary: 'Read an agency',
      description: 'An agency reads itself.',
      tag,
      roles: ['platform', 'agency'],
      params: agencyParams,
      responses: { 200: agencyAnswer },
      handle: async ({ scope, params }) => ({
        status: 200,
        body: await agencyJson(dependencies, await findAgency(dependencies, scope, params.id)),
      }),
    }),
    defineRoute({
      method: 'patch',
      path: '/v1/agencies/:id',
      summary: 'Change an agency',
      description:
        'What is left out stays; a setting that is null is removed. An agency changes its own settings (`trial`, `graceDays`, ' +
        '`pauseWhileDisputed`, `branding`, `support`); `name`, `email` and `disabled` are the platform’s to change (403 `forbidden`). While an agency is ' +
        'disabled its keys and its clients’ portal tokens are refused and nothing new is sold; what was paid is still credited, and ' +
        'everything stays readable to the platform.',
      tag,
      roles: ['platform', 'agency'],
      params: agencyParams,
      body: z.strictObject({
        name: line(200).optional(),
        email: email.optional(),
        disabled: z.boolean().optional(),
        ...agencySettingsChange.shape,
      }),
      responses: { 200: agencyAnswer },
      handle: async ({ scope, params, body: { name, email, disabled, ...settings } }) => {
        const agency = await changeAgency(dependencies, scope, params.id, { name, email, disabled, settings });
        return { status: 200, body: await agencyJson(dependencies, agency) };
      },
    }),
    ...apiKeyRoutes(dependencies),
  ];
}

function apiKeyRoutes(dependencies: KeyIssueDependencies): Route[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/agencies/:id/api-keys',
      summary: 'Make an API key for an agency',
      description: 'The key is in this answer and nowhere else, ever.',
      tag,
      roles: ['platform'],
      carriesSecret: true,
      params: agencyParams,
      body: z.strictObject({ name: line(100).default('API key') }).prefault({}),
      responses: { 201: apiKeyAnswer.extend({ key: z.string() }).meta({ id: 'NewApiKey' }) },
      handle: async ({ scope, params, body, request }) => {
        const requestId = request.idempotency?.requestId;
        const issued = await issueApiKey(dependencies, scope, { agencyId: params.id, name: body.name, requestId });
        return { status: 201, body: { ...apiKeyJson(issued.apiKey), key: issued.key } };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/agencies/:id/api-keys',
      summary: "List an agency's API keys, newest first",
      tag,
      roles: ['platform'],
      params: agencyParams,
      responses: { 200: z.object({ data: z.array(apiKeyAnswer), next: z.null() }) },
      handle: async ({ scope, params }) => {
        const keys = await listApiKeys(dependencies, scope, params.id);
        return { status: 200, body: { data: keys.map(apiKeyJson), next: null } };
      },
    }),
    defineRoute({
      method: 'delete',
      path: '/v1/agencies/:id/api-keys/:keyId',
      summary: 'Revoke an API key',
      tag,
      roles: ['platform'],
      params: z.strictObject({ id: id('agency'), keyId: id('apiKey') }),
      responses: { 204: z.undefined() },
      handle: async ({ scope, params }) => {
        await revokeApiKey(dependencies, scope, { agencyId: params.id, id: params.keyId });
        return { status: 204, body: undefined };
      },
    }),
  ];
}
