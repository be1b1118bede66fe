import { findClient } from '../catalog/offer.store.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import { notFound } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type MarkPaidDependencies, markInvoicePaid } from './mark-paid.ts';
import { findInvoice, type Invoice, listInvoices } from './offline-invoice.store.ts';
import { type RenewalDependencies, renewDueOffline, renewOfflineJobName } from './renew-offline.ts';

/** What clients owe, whoever collects it. Every call is limited to its scope: another tenant's id is `AppError` 404. */
export interface Invoices {
  find(scope: Scope, id: string): Promise<Invoice>;
  /** Newest first, at most `limit`, those made before the one whose id is `after`. */
  list(
    scope: Scope,
    customerId: string,
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<readonly Invoice[]>;
  markPaid(scope: Scope, id: string, payment: { readonly externalReference: string | undefined }): Promise<Invoice>;
}

/** Subscriptions that no provider collects for. */
export interface Offline {
  readonly invoices: Invoices;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** What falls due by the clock. Before quotas are opened, for a renewal may be on another plan. */
  sweep(): Promise<void>;
}

export function createOffline(dependencies: RenewalDependencies & MarkPaidDependencies): Offline {
  const { pool } = dependencies.database;
  const sweep = () => renewDueOffline(dependencies);
  return {
    invoices: {
      find: async (scope, id) => {
        const invoice = await findInvoice(pool, scope, id);
        if (!invoice) throw notFound('invoice');
        return invoice;
      },
      list: async (scope, customerId, page) =>
        listInvoices(pool, await findClient(pool, scope, customerId, 'none'), page),
      markPaid: (scope, id, payment) => markInvoicePaid(dependencies, scope, id, payment),
    },
    jobs: { [renewOfflineJobName]: { handle: sweep, cron: '* * * * *' } },
    sweep,
  };
}
