import type { OutgoingDelivery, WebhookEndpoint } from '../database/generated/client.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type DeliverDependencies, deliverSome, isDeliveryDue, purgeDeliveries } from './deliver.ts';
import { createEmit, deliverJobName, type Emit } from './emit.ts';
import { createRun } from './run.ts';
import {
  createEndpoint,
  deleteEndpoint,
  type EndpointDependencies,
  findEndpoint,
  listDeliveries,
  listEndpoints,
  type NewEndpoint,
  redeliver,
  rotateSecret,
} from './webhook-endpoints.ts';

interface Page {
  readonly limit: number;
  readonly after: string | undefined;
}

interface WithSecret {
  readonly endpoint: WebhookEndpoint;
  readonly secret: string;
}

/** What agencies' own systems are told. Every call but `emit` is limited to its scope: another tenant's id is `AppError` 404. */
export interface Outgoing {
  readonly emit: Emit;
  createEndpoint(scope: Scope, endpoint: NewEndpoint): Promise<WithSecret>;
  listEndpoints(scope: Scope, page: Page): Promise<readonly WebhookEndpoint[]>;
  findEndpoint(scope: Scope, id: string): Promise<WebhookEndpoint>;
  deleteEndpoint(scope: Scope, id: string): Promise<void>;
  rotateSecret(scope: Scope, id: string): Promise<WithSecret>;
  listDeliveries(scope: Scope, endpointId: string, page: Page): Promise<readonly OutgoingDelivery[]>;
  redeliver(
    scope: Scope,
    named: { readonly endpointId: string; readonly deliveryId: string },
  ): Promise<OutgoingDelivery>;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** Everything that is due by the clock. */
  deliverDue(): Promise<void>;
}

export function createOutgoing(dependencies: EndpointDependencies & DeliverDependencies): Outgoing {
  const run = createRun(dependencies, {
    name: deliverJobName,
    some: async () => {
      await deliverSome(dependencies);
      return true;
    },
    isDue: () => isDeliveryDue(dependencies),
  });
  return {
    emit: createEmit(dependencies),
    createEndpoint: (scope, endpoint) => createEndpoint(dependencies, scope, endpoint),
    listEndpoints: (scope, page) => listEndpoints(dependencies, scope, page),
    findEndpoint: (scope, id) => findEndpoint(dependencies, scope, id),
    deleteEndpoint: (scope, id) => deleteEndpoint(dependencies, scope, id),
    rotateSecret: (scope, id) => rotateSecret(dependencies, scope, id),
    listDeliveries: (scope, id, page) => listDeliveries(dependencies, scope, id, page),
    redeliver: (scope, named) => redeliver(dependencies, scope, named),
    jobs: {
      [deliverJobName]: { handle: run.job, cron: '* * * * *' },
      'outgoing.purge': { handle: () => purgeDeliveries(dependencies), cron: '50 3 * * *' },
    },
    deliverDue: run.all,
  };
}
