import { createAdjustBalance } from '../../../src/checkout/adjust-balance.ts';
import { createFollowPayments } from '../../../src/checkout/follow-payments.ts';
import type { PaymentEvent } from '../../../src/checkout/payment-event.ts';
import type { FailedPayment, PaidPayment } from '../../../src/checkout/payment-listeners.ts';
import { createSettlePayments, type PaymentOutcome } from '../../../src/checkout/settle-payments.ts';
import { createStartTopUp } from '../../../src/checkout/start-top-up.ts';
import { FixedClock } from '../../../src/clock.ts';
import { inTransaction, openDatabase } from '../../../src/database/database.ts';
import type { Jobs } from '../../../src/delivery/jobs.ts';
import { createLedger } from '../../../src/ledger/ledger.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../../src/money/money.ts';
import { createOperationStore } from '../../../src/providers/operation.store.ts';
import type {
  AccountRef,
  PaymentProvider,
  PaymentSettlement,
  TopUpSessionRequest,
} from '../../../src/providers/port.ts';
import type { LivePlan } from '../../../src/revenue/share.ts';
import { createMigratedDatabase } from '../../support/database.ts';
import { providerAccount } from '../../support/provider-account.ts';

export const platformId = 'agc_platform';

/** Plans that share nothing with the platform, or 30 % of what is net of a tax of 5 %. */
export const usageBased: LivePlan = {
  agencyId: platformId,
  planId: 'plan_usage',
  version: 1,
  document: { type: 'usage_based', tax: null, revenueShare: null },
};
export const sharing = (agencyPercent = '70', taxPercent: string | null = '5'): LivePlan => ({
  agencyId: platformId,
  planId: 'plan_share',
  version: 2,
  document: {
    type: 'revenue_sharing',
    tax: taxPercent === null ? null : { name: 'GST', percent: taxPercent, inclusive: true },
    revenueShare: { agencyPercent },
  },
});

interface AccountTerms {
  readonly chargeCurrency: string;
  readonly usdRate: string;
  readonly settlementCurrency: string;
}

/** What a payment of this world brings, unless a test says otherwise: a currency of its own, and fees of 3 %. */
export function settlementOf(charged: Money, fee: Money | null, settles: string, rate: string): PaymentSettlement {
  const convert = (money: Money): Money => Money.of(money.amount.times(rate), settles).roundedToChargeable();
  const gross = convert(charged);
  const fees = gross.times('0.03').roundedToChargeable();
  const taken = fee ? convert(fee) : Money.zero(settles);
  const arrived = { gross: taken, fees: Money.zero(settles), net: taken, exchangeRate: rate };
  return {
    gross,
    fees,
    net: gross.minus(fees).minus(taken),
    exchangeRate: rate,
    card: null,
    applicationFee: fee && { id: 'fee_1', amount: fee, taken, arrival: arrived },
  };
}

/** The platform and agencies with accounts and clients, over a database, and a provider whose answers a test sets. */
export async function revenueWorld() {
  const testDatabase = await createMigratedDatabase();
  const database = openDatabase(testDatabase.url);
  const { pool } = database;
  const clock = new FixedClock('2026-11-21T08:00:00Z');
  const ledger = createLedger({ pool, clock });
  const sessions: { readonly account: AccountRef; readonly request: TopUpSessionRequest }[] = [];
  const answers = {
    /** What a client lives on, by its id. */
    plans: new Map<string, LivePlan>(),
    settlement: async (_account: AccountRef, _paymentId: string): Promise<PaymentSettlement | null> => null,
  };
  const provider: PaymentProvider = {
    name: 'stripe',
    apiVersion: 'of a test',
    accounts: { current: async () => providerAccount(), retrieve: async () => providerAccount() },
    checkout: {
      minimumCharge: (currency) => Money.of('0.010', currency),
      maximumCharge: (currency) => Money.of('9999', currency),
      sessionLifetimeMs: { min: 1_800_000, max: 86_400_000 },
      createCustomer: async () => ({ id: 'cus_at_provider' }),
      findCustomer: async () => null,
      createTopUpSession: async (account, request) => {
        sessions.push({ account, request });
        return {
          id: request.orderId,
          url: 'https://pay.example',
          status: 'open',
          expiresAt: clock.now(),
          paymentId: null,
        };
      },
      findSession: async () => null,
      retrieveSession: async () => {
        throw new Error('not asked for');
      },
      expireSession: async () => {
        throw new Error('not asked for');
      },
    },
    payments: {
      retrieve: async () => {
        throw new Error('not asked for');
      },
      settlement: (account, paymentId) => answers.settlement(account, paymentId),
    },
  };

  await pool.query(
    `INSERT INTO agencies (id, name, email, country, is_platform, created_at) VALUES ($1, 'P', 'p@p.example', 'OM', true, now())`,
    [platformId],
  );
  const merchantAccounts = createMerchantAccounts({ database, clock, platformAgencyId: platformId });
  await merchantAccounts.probePlatform(provider, {
    chargeCurrency: 'OMR',
    usdRate: '0.385',
    livemode: false,
    settings: { key: 'STRIPE_SECRET_KEY', apiBase: null },
  });

  const agency = async (id: string, account?: AccountTerms): Promise<string> => {
    await pool.query(
      `INSERT INTO agencies (id, name, email, country, created_at) VALUES ($1, $1, 'a@a.example', 'OM', now())`,
      [id],
    );
    if (account) {
      await pool.query(
        `INSERT INTO merchant_accounts (agency_id, id, provider, provider_account_id, livemode, country, charge_currency, usd_rate,
                                        effective_currency, settlement_currency, status, created_at, updated_at)
         VALUES ($1, 'macc_' || $1, 'stripe', 'acct_' || $1, false, 'AE', $2, $3::numeric, $2, $4, 'active', now(), now())`,
        [id, account.chargeCurrency, account.usdRate, account.settlementCurrency],
      );
    }
    return id;
  };
  const customer = async (agencyId: string, id: string, plan?: LivePlan): Promise<string> => {
    await pool.query(
      `INSERT INTO customers (agency_id, id, name, email, created_at) VALUES ($1, $2, $2, 'c@c.example', now())`,
      [agencyId, id],
    );
    if (plan) answers.plans.set(id, plan);
    return id;
  };

  const livePlanOf = async (_sql: unknown, { customerId }: { readonly customerId: string }): Promise<LivePlan | null> =>
    answers.plans.get(customerId) ?? null;
  const providers = { stripe: provider };
  const shared = { database, clock, providers, merchantAccounts, livePlanOf };
  const startTopUp = createStartTopUp({
    ...shared,
    operations: { store: createOperationStore(pool), clock, wait: async () => undefined },
    publicUrl: 'http://127.0.0.1',
  });
  const told = { paid: [] as PaidPayment[], failed: [] as FailedPayment[], failures: [] as unknown[] };
  const queued: string[] = [];
  const jobs: Jobs = {
    enqueue: async (_sql, { key }) => {
      queued.push(key ?? '');
    },
  };
  const settlePayments = createSettlePayments({
    ledger,
    clock,
    jobs,
    listeners: { onFailed: [async (_sql, failed) => void told.failed.push(...failed)] },
  });
  const newFollower = () =>
    createFollowPayments({
      ...shared,
      ledger,
      jobs,
      listeners: { onPaid: [async (_sql, paid) => void told.paid.push(...paid)] },
      onFailure: (_payment, error) => told.failures.push(error),
    });

  const settle = (...events: PaymentEvent[]): Promise<readonly PaymentOutcome[]> =>
    inTransaction(pool, (sql) =>
      settlePayments(
        sql,
        events.map((event) => ({ event, source: 'test' })),
      ),
    );

  return {
    database,
    clock,
    ledger,
    answers,
    sessions,
    told,
    queued,
    jobs,
    agency,
    customer,
    settle,
    followPayments: newFollower().all,
    followSome: newFollower().some,
    newFollower,
    adjustBalance: createAdjustBalance({ ...shared, ledger }),
    start: (agencyId: string, customerId: string, amount: string, requestId = `${customerId} ${amount}`) =>
      startTopUp({ agencyId, customerId, credited: Money.of(amount, 'USD'), requestId }),
    order: (id: string) => database.prisma.order.findFirstOrThrow({ where: { id } }),
    /** The event of an order's payment, as its account's provider tells it. */
    paymentOf: async (orderId: string, paymentId: string): Promise<PaymentEvent> => {
      const order = await database.prisma.order.findFirstOrThrow({ where: { id: orderId } });
      const account = await merchantAccounts.byId(order.merchantAccountId);
      if (!account) throw new Error('the order has no account');
      return {
        type: 'payment.settled',
        provider: 'stripe',
        providerAccountId: account.providerAccountId,
        order: { agencyId: order.agencyId, orderId },
        paymentId,
        received: Money.of(order.charged.toFixed(), order.chargeCurrency),
      };
    },
    /** Every account that is not zero, as `code currency balance`. */
    books: async (agencyId: string): Promise<readonly string[]> =>
      (await ledger.systemBalances(agencyId))
        .filter(({ balance }) => !balance.isZero)
        .map(({ code, balance }) => `${code} ${balance.currency.code} ${balance.toDecimalString()}`),
    references: async (agencyId: string): Promise<readonly string[]> =>
      (await database.prisma.ledgerTransaction.findMany({ where: { agencyId }, orderBy: { reference: 'asc' } })).map(
        ({ code, reference }) => `${code} ${reference}`,
      ),
    stop: async () => {
      await database.close();
      await testDatabase.drop();
    },
  };
}

export type RevenueWorld = Awaited<ReturnType<typeof revenueWorld>>;
