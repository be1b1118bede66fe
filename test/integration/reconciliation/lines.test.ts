import { afterAll, beforeAll, expect, it } from 'vitest';
import { arrivalReference } from '../../../src/checkout/order.ts';
import { createLedger } from '../../../src/ledger/ledger.ts';
import { settleAtProvider } from '../../../src/ledger/postings.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { PaymentProvider, ProviderPayment } from '../../../src/providers/port.ts';
import type { BalanceEntry, ProviderLateFailure, ProviderRefund } from '../../../src/providers/refund-ports.ts';
import { compareBooks } from '../../../src/reconciliation/compare-books.ts';
import type { Finding } from '../../../src/reconciliation/finding.ts';
import { lookAgain } from '../../../src/reconciliation/look-again.ts';
import { keepFindings } from '../../../src/reconciliation/reconciliation.sql.ts';
import { createRefreshPayment } from '../../../src/refunds/refresh-payment.ts';
import { storeAccount } from '../http/tenant-rows.ts';
import { type Service, startService } from '../http/tenants.ts';

let service: Service;
let accountId: string;

beforeAll(async () => {
  service = await startService();
  accountId = await storeAccount(service, service.first.agency.id);
});
afterAll(() => service.stop());

const nothing = async (): Promise<never> => {
  throw new Error('nobody asks for this');
};
const provider: PaymentProvider = {
  name: 'stripe',
  apiVersion: 'none',
  accounts: { current: nothing, retrieve: nothing },
};

const databaseOf = ({ pool, prisma }: Service) => ({ url: '', pool, prisma, close: async () => undefined });

async function accountOf() {
  const { clock, first } = service;
  const database = databaseOf(service);
  const account = await createMerchantAccounts({ database, clock, platformAgencyId: first.agency.id }).byId(accountId);
  if (!account) throw new Error(`no account ${accountId}`);
  return account;
}

const payout = (id: string, amount: string, currency: string): BalanceEntry => ({
  id,
  kind: 'payout',
  sourceId: null,
  paymentId: null,
  metadata: {},
  settled: {
    gross: Money.of(amount, currency),
    fees: Money.zero(currency),
    net: Money.of(amount, currency),
    exchangeRate: null,
  },
  taken: Money.zero(currency),
  at: new Date('2026-11-21T08:00:00Z'),
});

it('sums an account that settles in two currencies in each', async () => {
  const rows = [payout('txn_1', '-1.00', 'AED'), payout('txn_2', '-2.00', 'USD'), payout('txn_3', '-3.00', 'AED')];
  const { sums } = await compareBooks(
    {
      database: service,
      refreshPayment: nothing,
      followPayments: nothing,
      onFound: async () => undefined,
      onInOrder: async () => undefined,
    },
    {
      account: await accountOf(),
      provider,
      balance: { listEntries: async () => ({ rows, next: null }) },
      since: new Date(0),
      source: 'reconciliation:test',
      raises: true,
    },
  );
  const shown = sums.map(({ entries, provider: sum, explainedBy }) => [
    entries,
    sum.toString(),
    explainedBy.get('payouts')?.toString(),
  ]);
  expect(shown).toEqual([
    [2, '-4.00 AED', '-4.00 AED'],
    [1, '-2.00 USD', '-2.00 USD'],
  ]);
});

it('raises a line that was posted with another amount once, and closes it when they agree', async () => {
  const { pool, clock } = service;
  const account = await accountOf();
  const ledger = createLedger({ pool, clock });
  const { agencyId, provider: name, providerAccountId, id: merchantAccountId } = account;
  const post = (reference: string, net: string) =>
    ledger.postAlone(
      settleAtProvider({
        ...{ agencyId, customerId: service.first.customer.id, planId: null, merchantAccountId, source: 'test' },
        reference: arrivalReference(name, providerAccountId, reference),
        ...{
          cleared: Money.of(net, 'AED'),
          gross: Money.of(net, 'AED'),
          fees: Money.zero('AED'),
          feesOf: 'provider_fees',
        },
      }),
    );
  await post('txn_refund', '-4.00');
  const line: BalanceEntry = { ...payout('txn_refund', '-5.00', 'AED'), kind: 'refund', sourceId: 're_1' };
  const found: Finding[] = [];
  const dependencies = {
    database: service,
    refreshPayment: nothing,
    followPayments: async () => undefined,
    onFound: async (findings: readonly Finding[]) => {
      found.push(...findings);
    },
    onInOrder: async () => undefined,
  };
  const { sums } = await compareBooks(dependencies, {
    ...{ account, provider, balance: { listEntries: async () => ({ rows: [line], next: null }) } },
    ...{ since: new Date(0), source: 'reconciliation:test', raises: true },
  });
  const [raised] = found;
  if (!raised) throw new Error('nothing was raised');
  expect(raised).toMatchObject({
    class: 'amount_differs',
    status: 'raised',
    subject: 'txn_refund',
    detail: { provider: '-5.00 AED', books: '-4.00 AED' },
  });
  expect(sums.map(({ explainedBy }) => explainedBy.get('raised')?.toString())).toEqual(['-1.00 AED']);

  const keep = () =>
    pool.query(keepFindings, [
      ...['rec_test', clock.now(), [raised.merchantAccountId], [raised.class], [raised.subject], [raised.status]],
      [JSON.stringify(raised.detail)],
    ]);
  expect((await keep()).rowCount).toBe(1);
  expect((await keep()).rowCount).toBe(0);
  const closed: string[] = [];
  const onInOrder = async (_account: unknown, subjects: readonly string[]) => {
    closed.push(...subjects);
  };
  await lookAgain({ ...dependencies, onInOrder }, account, 'reconciliation:test');
  expect(closed).toEqual([]);
  // A person posts what was missing, under the line's own name.
  await post('txn_refund:fee', '-1.00');
  await lookAgain({ ...dependencies, onInOrder }, account, 'reconciliation:test');
  expect(closed).toEqual(['txn_refund']);
});

const omr = (amount: string) => Money.of(amount, 'OMR');
const at = new Date('2026-11-21T08:00:00Z');

const payment: ProviderPayment = {
  id: 'pi_1',
  amount: omr('1.930'),
  amountReceived: omr('0'),
  applicationFee: omr('0'),
  status: 'requires_payment_method',
  metadata: {},
  failure: null,
};

const movement = {
  kind: 'withdrawn',
  charged: omr('1.930'),
  settled: { gross: omr('-1.930'), fees: omr('0'), net: omr('-1.930'), exchangeRate: null },
  feeReturned: omr('0'),
  at,
} as const;

const failure: ProviderLateFailure = {
  id: 'ch_1',
  amount: omr('1.930'),
  code: null,
  message: null,
  movement: { ...movement, id: 'txn_failure' },
};
const refund: ProviderRefund = {
  id: 're_1',
  status: 'succeeded',
  amount: omr('0.960'),
  paymentId: 'pi_1',
  refundId: null,
  metadata: {},
  failure: null,
  createdAt: at,
  movements: [],
};

/** Asks for a payment of a provider that answers this. Answers what came of it, and what was told to be applied. */
async function refreshed(retrieve: () => Promise<ProviderPayment>) {
  const told: string[] = [];
  const refresh = createRefreshPayment({
    database: databaseOf(service),
    settlePayments: nothing,
    applyReversals: async (_sql, batch) => {
      told.push(...batch.map(({ event }) => `${event.type} of ${event.payment.received}`));
      return batch.map(() => ({ status: 'done' }));
    },
    providers: {
      stripe: {
        ...provider,
        payments: { retrieve, settlement: nothing },
        refunds: {
          create: nothing,
          retrieve: nothing,
          find: nothing,
          listOfPayment: async () => [refund],
          lateFailures: async () => [failure],
        },
      },
    },
  });
  const { status } = await refresh({ account: await accountOf(), paymentId: 'pi_1', source: 'reconciliation:test' });
  return { status, told };
}

it('books refunds of a payment that failed late too, each of what it had brought', async () => {
  const metadata = { baisa_order: 'ord_1', baisa_agency: 'agc_1' };
  expect(await refreshed(async () => ({ ...payment, metadata }))).toEqual({
    status: 'done',
    told: ['payment.refunds of 1.930 OMR', 'payment.failed_late of 1.930 OMR'],
  });
});

it('asks no more about a payment that names nobody here, or that is in unknown money', async () => {
  const foreign = { status: 'foreign', told: [] };
  expect(await refreshed(async () => payment)).toEqual(foreign);
  const unknown = new ProviderError({ kind: 'invalid', code: 'unknown_currency', message: 'pi_1 is in lkr' });
  expect(await refreshed(() => Promise.reject(unknown))).toEqual(foreign);
});
