import { requireAssignable } from '../../../src/catalog/require-for-sale.ts';
import { inTransaction } from '../../../src/database/database.ts';
import { newId } from '../../../src/ids.ts';
import { createLedger, type Ledger } from '../../../src/ledger/ledger.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import type { MarkPaidDependencies } from '../../../src/subscriptions/mark-paid.ts';
import { type OfflineDependencies, startOffline } from '../../../src/subscriptions/offline.ts';
import type { SaleTerms } from '../../../src/subscriptions/offline-price.ts';
import { createOffline, type Offline } from '../../../src/subscriptions/offline-subscriptions.ts';
import { openDueQuotas } from '../../../src/subscriptions/open-quotas.ts';
import type { RenewalDependencies } from '../../../src/subscriptions/renew-offline.ts';
import type { Subscription } from '../../../src/subscriptions/subscription.ts';
import { goldInput } from '../../unit/catalog/plans.ts';
import { ids } from '../catalog/world.ts';
import { client, createSubscriptionWorld, type SubscriptionWorld, two } from './world.ts';

export interface OfflineWorld extends SubscriptionWorld {
  readonly ledger: Ledger;
  readonly offline: Offline;
  readonly failures: unknown[];
  /** A published plan with a base fee, of the agency's or of whoever is named. */
  fixed(name: string, change?: Parameters<SubscriptionWorld['publishNew']>[1], scope?: typeof two): Promise<string>;
  startOffline(planId: string, terms?: Partial<SaleTerms>, customerId?: string): Promise<Subscription>;
  /** As two processes do whose minute has come: renewals and quotas, in any order. */
  sweep(): Promise<void>;
  setAgency(settings: object): Promise<unknown>;
}

/** The subscriptions' world with books, and clients that pay without a card. */
export async function createOfflineWorld(
  options: Pick<OfflineDependencies, 'switchToCard'> = {},
): Promise<OfflineWorld> {
  const world = await createSubscriptionWorld();
  const { database, clock, jobs } = world;
  const ledger = createLedger({ pool: database.pool, clock });
  const failures: unknown[] = [];
  const dependencies: RenewalDependencies & MarkPaidDependencies = {
    ...{ database, clock, jobs, ledger },
    merchantAccounts: createMerchantAccounts({ database, clock, platformAgencyId: ids.platform }),
    emit: async (sql, events) => {
      for (const event of events) await sql.query('INSERT INTO test_events (event) VALUES ($1)', [event]);
    },
    onFailure: (_id: string, error: unknown) => failures.push(error),
    ...options,
  };
  const offline = createOffline(dependencies);
  return {
    ...world,
    ledger,
    offline,
    failures,
    fixed: async (name, change = {}, scope = two) =>
      (await world.publishNew(scope, { ...goldInput, name, displayName: name, trialDays: 0, ...change })).id,
    startOffline: (planId, { cycle = 'monthly', addOns = {} } = {}, customerId = client) =>
      inTransaction(database.pool, async (sql) => {
        const sale = await requireAssignable(sql, two, { customerId, planId });
        return startOffline(dependencies, sql, two, sale, { cycle, addOns }, newId('subscription'));
      }),
    sweep: async () => {
      await Promise.all([openDueQuotas({ database, clock }), offline.sweep(), offline.sweep()]);
      await openDueQuotas({ database, clock });
    },
    setAgency: (settings) =>
      database.prisma.agency.update({ where: { id: ids.two }, data: { settings: { ...settings } } }),
  };
}
