import { versionDocumentSchema } from '../../src/catalog/plan-document.ts';
import { systemClock } from '../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../src/database/database.ts';
import type { EmbeddedServer } from '../../src/database/embedded-server.ts';
import { migrate } from '../../src/database/migrate.ts';
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts';
import { receiveTopUp } from '../../src/ledger/postings.ts';
import { Money } from '../../src/money/money.ts';
import type { Scope } from '../../src/tenancy/scope.ts';
import { createGate, type Gate } from '../../src/usage/gate.ts';
import { createWatchBalances } from '../../src/usage/service-state.ts';
import { createUsage, type Usage } from '../../src/usage/usage.ts';

export const agencyId = 'agc_bench';
export const scope: Scope = { role: 'agency', agencyId, keyId: 'key_bench' };
export const clientsMax = 10_000;
export const clientOf = (index: number): string => `cus_bench_${index % clientsMax}`;
const accountId = 'macc_bench';

export interface UsageBenchWorld {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly usage: Usage;
  readonly gate: Gate;
}

/** Ten thousand clients on a pay-as-you-go plan, each with a balance, so that every event is drawn. */
export async function createUsageBenchWorld(server: EmbeddedServer, name: string): Promise<UsageBenchWorld> {
  const url = await server.ensureDatabase(name);
  await migrate(url);
  const database = openDatabase(url, { poolSize: 16 });
  const { pool, prisma } = database;
  const clock = systemClock;
  const now = clock.now();
  const document = versionDocumentSchema.parse({
    name: 'by the minute',
    displayName: 'By the minute',
    type: 'usage_based',
    pricingModel: 'pay_as_you_go',
    currency: 'USD',
    usage: [{ feature: 'call_minutes', unitPrice: '0.01' }],
    recurring: [{ feature: 'concurrency', included: 1_000 }],
    frozen: { usdRate: '1', usage: [{ feature: 'call_minutes', unitPrice: '0.01', price: '0.01' }] },
  });
  await prisma.agency.create({
    data: { id: agencyId, name: 'Bench', email: 'bench@example.com', country: 'OM', createdAt: now },
  });
  await pool.query(
    `INSERT INTO merchant_accounts (agency_id, id, provider, provider_account_id, livemode, country, charge_currency, usd_rate,
                                    effective_currency, settlement_currency, status, created_at, updated_at)
     VALUES ($1, $2, 'stripe', 'acct_bench', false, 'AE', 'OMR', 0.385, 'OMR', 'AED', 'active', $3, $3)`,
    [agencyId, accountId, now],
  );
  await pool.query(
    `INSERT INTO plans (agency_id, id, name, display_name, type, status, visibility, created_at, updated_at)
     VALUES ($1, 'plan_bench', 'by the minute', 'By the minute', 'usage_based', 'published', 'visible', $2, $2)`,
    [agencyId, now],
  );
  await pool.query(
    `INSERT INTO plan_versions (agency_id, plan_id, version, id, status, document, published_at, created_at, updated_at)
     VALUES ($1, 'plan_bench', 1, 'planv_bench', 'published', $2, $3, $3, $3)`,
    [agencyId, JSON.stringify(document), now],
  );
  const since = new Date(now.getTime() - 10 * 86_400_000);
  const until = new Date(now.getTime() + 20 * 86_400_000);
  await pool.query(
    `INSERT INTO customers (agency_id, id, name, email, created_at)
     SELECT $1, 'cus_bench_' || n, 'Client', 'client@example.com', $3 FROM generate_series(0, $2 - 1) n`,
    [agencyId, clientsMax, since],
  );
  await pool.query(
    `INSERT INTO subscriptions (agency_id, id, customer_id, plan_agency_id, plan_id, plan_version, status, started_at, anchor_at,
                                quota_due_at, created_at, updated_at)
     SELECT $1, 'sub_bench_' || n, 'cus_bench_' || n, $1, 'plan_bench', 1, 'active', $3, $3, $4, $3, $3
       FROM generate_series(0, $2 - 1) n`,
    [agencyId, clientsMax, since, until],
  );
  await pool.query(
    `INSERT INTO quota_periods (agency_id, id, customer_id, holder_id, holder_kind, feature, period_start, period_end,
                                plan_agency_id, plan_id, plan_version, included, opened_at)
     SELECT $1, 'qp_bench_' || n, 'cus_bench_' || n, 'sub_bench_' || n, 'subscription', 'call_minutes', $3, $4, $1, 'plan_bench', 1, 0, $3
       FROM generate_series(0, $2 - 1) n`,
    [agencyId, clientsMax, since, until],
  );
  const ledger: Ledger = createLedger({
    pool,
    clock,
    onPosted: createWatchBalances({
      clock,
      ledger: () => ledger,
      emit: async () => undefined,
      notify: async () => undefined,
    }),
  });
  const perBatch = 1_000;
  for (let first = 0; first < clientsMax; first += perBatch) {
    await inTransaction(pool, (sql) =>
      ledger.post(
        sql,
        Array.from({ length: perBatch }, (_, index) =>
          receiveTopUp({
            agencyId,
            customerId: clientOf(first + index),
            merchantAccountId: accountId,
            reference: `paid:${first + index}`,
            source: 'bench',
            amount: Money.of('1000000', 'USD'),
          }),
        ),
      ),
    );
  }
  const usage = createUsage({ database, clock, ledger });
  return { database, ledger, usage, gate: createGate({ database, clock, ledger, refusals: null }) };
}
