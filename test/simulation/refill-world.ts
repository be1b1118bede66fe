import { isChargeable, lockCards, type SavedCard } from '../../src/cards/card.store.ts';
import { type Cards, createCards } from '../../src/cards/cards.ts';
import { createSettlePayments, type SettlePayments } from '../../src/checkout/settle-payments.ts';
import { FixedClock } from '../../src/clock.ts';
import { type Database, inTransaction, openDatabase } from '../../src/database/database.ts';
import type { Job, Jobs } from '../../src/delivery/jobs.ts';
import { createLedger, type Ledger } from '../../src/ledger/ledger.ts';
import { createMerchantAccounts } from '../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../src/money/money.ts';
import type { OffSessionChargeRequest } from '../../src/providers/card-ports.ts';
import { ProviderError } from '../../src/providers/errors.ts';
import { createOperationStore } from '../../src/providers/operation.store.ts';
import type { OperationStore } from '../../src/providers/operation.ts';
import type { PaymentProvider } from '../../src/providers/port.ts';
import { createStripeProvider } from '../../src/providers/stripe/stripe-provider.ts';
import { type AutoRefill, createAutoRefill } from '../../src/refill/auto-refill.ts';
import { refillCardUse } from '../../src/refill/card-use.ts';
import type { DeclinedCard } from '../../src/refill/dependencies.ts';
import { createNoticePostings } from '../../src/refill/notice-postings.ts';
import { createMigratedDatabase } from '../support/database.ts';
import type { Random } from '../support/random.ts';
import { Bank, type BankEvent, type CardHealth } from './bank.ts';
import { HoldBank } from './bank-holds.ts';

export const agencyId = 'agc_sim';
export const accountId = 'acct_sim';
const merchantAccountId = 'macc_sim';

export interface RefillWorld {
  readonly database: Database;
  readonly clock: FixedClock;
  readonly ledger: Ledger;
  readonly bank: Bank;
  readonly refill: AutoRefill;
  readonly holds: HoldBank;
  readonly cards: Cards;
  /** First declines that were told, by client and card. */
  readonly announced: DeclinedCard[];
  readonly customerIds: readonly string[];
  defaultCard(customerId: string): Promise<SavedCard | null>;
  /** A client saves a card nobody saw before: its event waits to be delivered. */
  saveCard(customerId: string, health?: CardHealth): Promise<void>;
  deliver(event: BankEvent): Promise<void>;
  /** Runs waiting jobs, several at a time; one that fails, or whose process dies, waits again. */
  runJobs(limit: number): Promise<number>;
  waitingJobs(): Promise<number>;
  close(): Promise<void>;
}

export interface RefillWorldOptions {
  readonly random: Random;
  readonly customers: number;
  /** The chance that the process dies at each point where it can: around a job, around a stored key, inside a transaction. */
  readonly killChance: number;
  readonly onCharge: (world: RefillWorld, request: OffSessionChargeRequest) => Promise<void>;
}

/**
 * The rooms of cards and refills, the ledger and the settlement of payments over a real database, with the job queue and the bank in the test's
 * hands, so that it can stop either at any moment.
 */
export async function createRefillWorld(options: RefillWorldOptions): Promise<RefillWorld> {
  const { random } = options;
  const scratch = await createMigratedDatabase();
  const database = openDatabase(scratch.url);
  const { pool } = database;
  const clock = new FixedClock('2026-01-01T00:00:00Z');
  const customerIds = Array.from({ length: options.customers }, (_, index) => `cus_${String(index).padStart(3, '0')}`);
  await furnish(database, customerIds);

  const jobs: Pick<Jobs, 'enqueue'> = {
    enqueue: async (sql, job) => {
      await sql.query(
        `INSERT INTO waiting_jobs (key, job) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET job = excluded.job`,
        [job.key ?? null, JSON.stringify(job)],
      );
    },
  };
  let saved = 0;
  const announced: DeclinedCard[] = [];
  const bank = new Bank({ random, accountId, onCharge: (request) => options.onCharge(world, request) });
  const holds = new HoldBank({
    random,
    accountId,
    health: bank.health,
    tell: (event) => bank.tell({ kind: 'card', event }),
  });
  const mayDie = (): void => {
    if (random.chance(options.killChance)) throw new Killed();
  };
  const ledger: Ledger = createLedger({
    pool,
    clock,
    onPosted: createNoticePostings({ jobs, ledger: () => ledger }),
  });
  // Nothing listens at this address: whatever is not the bank's would fail.
  const unreachable = createStripeProvider({ apiKey: 'sk_test_unused', apiBase: 'http://127.0.0.1:9' });
  if (!unreachable.cards) throw new Error('Stripe saves cards');
  const provider: PaymentProvider = {
    ...unreachable,
    payments: bank.payments,
    offSession: bank.offSession,
    cards: { ...unreachable.cards, ...holds.cards },
    holds: holds.holds,
  };
  let settle: SettlePayments;
  const common = {
    database,
    clock,
    providers: { stripe: provider },
    merchantAccounts: createMerchantAccounts({ database, clock, platformAgencyId: agencyId }),
    operations: { store: dyingStore(createOperationStore(pool), mayDie), clock, wait: async () => undefined },
    jobs,
    publicUrl: 'http://127.0.0.1',
  };
  const refill = createAutoRefill({
    ...common,
    ledger,
    livePlanOf: async () => null,
    findDefaultCard: async (sql, client) => {
      const card = await cards.findDefault(sql, client);
      return card && { ...card, paymentMethodId: card.id, verified: card.status === 'verified' };
    },
    lockCards,
    isChargeable,
    announceDecline: async (_sql, decline) => {
      mayDie();
      announced.push(decline);
    },
    settlePayments: () => settle,
  });
  const cards = createCards({
    ...common,
    cardUses: [refillCardUse],
    onDefaultChanged: async (sql, client) => {
      mayDie();
      await refill.onCardChanged(sql, client);
    },
    onActionRequired: async () => mayDie(),
    onFailure: (_hold, error) => {
      if (!(error instanceof Killed) && !(error instanceof ProviderError)) throw error;
    },
  });
  settle = createSettlePayments({
    ledger,
    clock,
    // What follows a payment is another room's: nobody runs it here.
    jobs: { enqueue: async () => undefined },
    listeners: { onFailed: [] },
    orderListener: refill.orderListener,
  });

  const runOne = async ({ key, job }: WaitingJob): Promise<void> => {
    const again = () => jobs.enqueue(pool, key === null ? job : { ...job, key });
    const handler = refill.jobs[job.name] ?? cards.jobs[job.name];
    if (!handler) throw new Error(`nobody does ${job.name}`);
    if (random.chance(options.killChance)) return again();
    await handler.handle(job.payload).catch(async (error: unknown) => {
      // What a worker tries again. Anything else is a promise that was broken, or a mistake.
      if (!(error instanceof Killed) && !(error instanceof ProviderError)) throw error;
      await again();
    });
    if (random.chance(options.killChance)) await again();
  };

  const world: RefillWorld = {
    database,
    clock,
    ledger,
    bank,
    refill,
    holds,
    cards,
    announced,
    customerIds,
    defaultCard: (customerId) => cards.findDefault(pool, { agencyId, customerId }),
    saveCard: async (customerId, health = 'pays') => {
      saved += 1;
      const setupId = `cs_sim_${saved}`;
      const card = { brand: 'visa', last4: '4242', expMonth: 12, expYear: 2099, funding: 'credit', country: 'OM' };
      const id = `card_${saved}`;
      bank.health.set(id, health);
      await pool.query(
        `INSERT INTO card_setups (agency_id, id, customer_id, merchant_account_id, request_id, status, success_url, cancel_url,
                                  expires_at, created_at)
         VALUES ($1, $2, $3, $4, $2, 'open', '', '', $5, $5)`,
        [agencyId, setupId, customerId, merchantAccountId, clock.now()],
      );
      const event = {
        type: 'card.saved',
        provider: 'stripe',
        providerAccountId: accountId,
        agencyId,
        setupId,
        card: { ...card, id, fingerprint: id, providerCustomerId: `cus_of_${customerId}` },
      } as const;
      bank.tell({ kind: 'card', event });
    },
    deliver: async (told) => {
      const source = 'event:simulated';
      try {
        await inTransaction(pool, async (sql) => {
          if (told.kind === 'payment') await settle(sql, [{ event: told.event, source }]);
          else await cards.apply(sql, [{ event: told.event, source }]);
        });
      } catch (error) {
        if (!(error instanceof Killed)) throw error;
        bank.deliveries.push({ told, copies: 1 });
      }
    },
    runJobs: async (limit) => {
      const { rows } = await pool.query<WaitingJob>(
        `DELETE FROM waiting_jobs WHERE id IN (SELECT id FROM waiting_jobs ORDER BY id LIMIT $1) RETURNING id, key, job`,
        [limit],
      );
      for (let from = 0; from < rows.length; from += jobsAtOnce) {
        await Promise.all(rows.slice(from, from + jobsAtOnce).map(runOne));
      }
      return rows.length;
    },
    waitingJobs: async () => {
      const { rows } = await pool.query<{ count: number }>('SELECT count(*) AS count FROM waiting_jobs');
      return rows[0]?.count ?? 0;
    },
    close: async () => {
      await database.close();
      await scratch.drop();
    },
  };
  return world;
}

const jobsAtOnce = 4;

/** The process dies: what was committed stays, what was not is gone, and the job or event comes again. */
export class Killed extends Error {}

/** An operation store whose process may die before a key is stored, before it is used, and before its outcome is stored. */
const dyingStore = (store: OperationStore, mayDie: () => void): OperationStore => ({
  load: (id) => store.load(id),
  replace: async (previous, next, now) => {
    mayDie();
    const replaced = await store.replace(previous, next, now);
    mayDie();
    return replaced;
  },
});

interface WaitingJob {
  readonly id: number;
  readonly key: string | null;
  readonly job: Job;
}

export const usd = (amount: string): Money => Money.of(amount, 'USD');

async function furnish({ pool }: Database, customerIds: readonly string[]): Promise<void> {
  await pool.query('CREATE TABLE waiting_jobs (id bigserial PRIMARY KEY, key text UNIQUE, job jsonb NOT NULL)');
  await pool.query(
    `INSERT INTO agencies (id, name, email, country, is_platform, created_at)
     VALUES ($1, 'Simulated', 'sim@agency.example', 'OM', true, now())`,
    [agencyId],
  );
  await pool.query(
    `INSERT INTO merchant_accounts (agency_id, id, provider, provider_account_id, livemode, country, charge_currency, usd_rate,
                                    effective_currency, settlement_currency, status, created_at, updated_at)
     VALUES ($1, $2, 'stripe', $3, false, 'AE', 'OMR', 0.385, 'OMR', 'AED', 'active', now(), now())`,
    [agencyId, merchantAccountId, accountId],
  );
  await pool.query(
    `INSERT INTO customers (agency_id, id, name, email, created_at)
     SELECT $1, id, id, id || '@client.example', now() FROM unnest($2::text[]) id`,
    [agencyId, customerIds],
  );
  await pool.query('ANALYZE');
}
