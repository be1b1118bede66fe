import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { OutgoingDelivery, WebhookEndpoint } from '../database/generated/client.ts';
import type { Jobs } from '../delivery/jobs.ts';
import { conflict, invalidField, notFound } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import { recordChange } from '../tenancy/audit.ts';
import { findAgency } from '../tenancy/find-agencies.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import type { Sealer } from '../tenancy/sealed.ts';
import { PrivateAddress, type ResolveAll, requirePublicHost } from './address.ts';
import { deliverJobName } from './emit.ts';
import { eventTypeNames, isEventType } from './event-types.ts';

/** How long the old secret goes on signing after a new one was made. */
const rollingMs = 24 * 3_600_000;
/** Of one agency. */
const endpointsMax = 20;

export interface EndpointDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly sealer: Sealer;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly allowPrivateAddresses: boolean;
  readonly resolve: ResolveAll;
}

export interface NewEndpoint {
  /** May be left out by an agency, for it can only mean itself. */
  readonly agencyId: string | undefined;
  readonly url: string;
  /** Names of event types, or `*`. */
  readonly eventTypes: readonly string[];
  readonly description: string | undefined;
  readonly requestId: string | undefined;
}

/** 256 bits; the prefix and base64 are the scheme's (standardwebhooks.com). */
const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/**
 * Makes an endpoint and answers its secret, which nothing can do again. Throws 404 for an agency that is not there for the scope; 422
 * `unknown_event_type`, `webhook_address_insecure`, and `webhook_address_private`, which is written to the audit trail; 409
 * `too_many_webhook_endpoints`.
 */
export async function createEndpoint(
  dependencies: EndpointDependencies,
  scope: Scope,
  endpoint: NewEndpoint,
): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }> {
  const { database, clock, sealer } = dependencies;
  const wanted = endpoint.agencyId ?? agencyOf(scope);
  if (wanted === undefined) throw invalidField('agencyId', 'invalid_request', 'Say whose systems are to hear.');
  const agency = await findAgency({ prisma: database.prisma, clock }, scope, wanted);
  refuseUnknownTypes(endpoint.eventTypes);
  await refuseAddress(dependencies, scope, agency.id, endpoint.url);

  const db = scoped(database.prisma, scope);
  const id =
    endpoint.requestId === undefined ? newId('webhookEndpoint') : idOfRequest('webhookEndpoint', endpoint.requestId);
  if ((await db.webhookEndpoint.count({ where: { agencyId: agency.id, NOT: { id } } })) >= endpointsMax) {
    throw conflict('too_many_webhook_endpoints', `An agency has at most ${endpointsMax} webhook endpoints.`);
  }
  const secret = newSecret();
  // A request that is resumed replaces the secret of its first try, which nobody was shown.
  const row = await db.webhookEndpoint.upsert({
    where: { agencyId_id: { agencyId: agency.id, id } },
    create: {
      agencyId: agency.id,
      id,
      url: endpoint.url,
      description: endpoint.description ?? null,
      eventTypes: [...endpoint.eventTypes],
      secret: sealer.seal(secret),
      createdAt: clock.now(),
    },
    update: { secret: sealer.seal(secret) },
  });
  await recordChange(database.pool, clock, scope, {
    agencyId: agency.id,
    action: 'webhook_endpoint.created',
    subject: id,
    before: null,
    after: { url: endpoint.url, eventTypes: endpoint.eventTypes },
  });
  return { endpoint: row, secret };
}

function refuseUnknownTypes(types: readonly string[]): void {
  const unknown = types.find((type) => type !== '*' && !isEventType(type));
  if (unknown === undefined) return;
  throw invalidField(
    'eventTypes',
    'unknown_event_type',
    `There is no event "${unknown}". There are: *, ${eventTypeNames.join(', ')}.`,
  );
}

async function refuseAddress(
  { database, clock, allowPrivateAddresses, resolve }: EndpointDependencies,
  scope: Scope,
  agencyId: string,
  address: string,
): Promise<void> {
  if (allowPrivateAddresses) return;
  const { protocol, hostname, username, password } = new URL(address);
  if (protocol !== 'https:' || username !== '' || password !== '') {
    const message = 'Give an https address without a user name: what is sent is about money.';
    throw invalidField('url', 'webhook_address_insecure', message);
  }
  try {
    await requirePublicHost(hostname, resolve);
  } catch (error) {
    if (!(error instanceof PrivateAddress)) {
      throw invalidField('url', 'webhook_address_unknown', 'This name leads nowhere now: check it.');
    }
    await recordChange(database.pool, clock, scope, {
      agencyId,
      action: 'webhook_endpoint.refused',
      subject: agencyId,
      before: null,
      after: { url: address, code: 'webhook_address_private' },
    });
    throw invalidField('url', 'webhook_address_private', 'This address leads inwards: give one on the internet.');
  }
}

const find = async ({ database }: EndpointDependencies, scope: Scope, id: string): Promise<WebhookEndpoint> => {
  const row = await scoped(database.prisma, scope).webhookEndpoint.findFirst({ where: { id } });
  if (!row) throw notFound('webhook endpoint');
  return row;
};

/** Newest first, at most `limit`, those made before the one whose id is `after`. */
export const listEndpoints = (
  { database }: EndpointDependencies,
  scope: Scope,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly WebhookEndpoint[]> =>
  scoped(database.prisma, scope).webhookEndpoint.findMany({
    where: page.after === undefined ? {} : { id: { lt: page.after } },
    orderBy: { id: 'desc' },
    take: page.limit,
  });

export const findEndpoint = find;

/** Nothing more is sent; what is waiting is dropped. Throws 404. */
export async function deleteEndpoint(dependencies: EndpointDependencies, scope: Scope, id: string): Promise<void> {
  const { database, clock } = dependencies;
  const { agencyId, url } = await find(dependencies, scope, id);
  await scoped(database.prisma, scope).webhookEndpoint.deleteMany({ where: { agencyId, id } });
  await recordChange(database.pool, clock, scope, {
    agencyId,
    action: 'webhook_endpoint.deleted',
    subject: id,
    before: { url },
    after: null,
  });
}

/** A new secret; for a day the old one signs too, so that a receiver can change over. Throws 404. */
export async function rotateSecret(
  dependencies: EndpointDependencies,
  scope: Scope,
  id: string,
): Promise<{ readonly endpoint: WebhookEndpoint; readonly secret: string }> {
  const { database, clock, sealer } = dependencies;
  const row = await find(dependencies, scope, id);
  const secret = newSecret();
  const endpoint = await scoped(database.prisma, scope).webhookEndpoint.update({
    where: { agencyId_id: { agencyId: row.agencyId, id } },
    data: {
      secret: sealer.seal(secret),
      previousSecret: row.secret,
      previousSecretUntil: new Date(clock.now().getTime() + rollingMs),
    },
  });
  await recordChange(database.pool, clock, scope, {
    agencyId: row.agencyId,
    action: 'webhook_endpoint.secret_rotated',
    subject: id,
    before: null,
    after: null,
  });
  return { endpoint, secret };
}

/** Newest first. Throws 404 for an endpoint that is not there for this scope. */
export async function listDeliveries(
  dependencies: EndpointDependencies,
  scope: Scope,
  id: string,
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly OutgoingDelivery[]> {
  const { agencyId } = await find(dependencies, scope, id);
  return scoped(dependencies.database.prisma, scope).outgoingDelivery.findMany({
    where: { agencyId, endpointId: id, ...(page.after === undefined ? {} : { id: { lt: page.after } }) },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
}

/** Sends a delivery once more, whatever became of it, with all its tries anew. Throws 404. */
export async function redeliver(
  dependencies: EndpointDependencies,
  scope: Scope,
  { endpointId, deliveryId }: { readonly endpointId: string; readonly deliveryId: string },
): Promise<OutgoingDelivery> {
  const { database, clock, jobs } = dependencies;
  const { agencyId } = await find(dependencies, scope, endpointId);
  const db = scoped(database.prisma, scope);
  const where = { agencyId, id: deliveryId, endpointId };
  if (!(await db.outgoingDelivery.findFirst({ where }))) throw notFound('delivery');
  await db.outgoingDelivery.updateMany({
    where,
    data: { status: 'pending', attempts: 0, dueAt: clock.now(), claimToken: null, deliveredAt: null },
  });
  await jobs.enqueue(database.pool, { name: deliverJobName, payload: {}, key: deliverJobName });
  return db.outgoingDelivery.findUniqueOrThrow({ where: { agencyId_id: { agencyId, id: deliveryId } } });
}
