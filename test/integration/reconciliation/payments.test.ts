import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { PaymentProvider, PaymentsPort, ProviderPayment } from '../../../src/providers/port.ts';
import { type ComparePaymentsDependencies, comparePayments } from '../../../src/reconciliation/compare-payments.ts';
import { keepFindings } from '../../../src/reconciliation/reconciliation.sql.ts';
import { failedReport } from '../../../src/reconciliation/report.ts';
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

async function accountOf() {
  const { pool, prisma, clock, first } = service;
  const database = { url: '', pool, prisma, close: async () => undefined };
  const account = await createMerchantAccounts({ database, clock, platformAgencyId: first.agency.id }).byId(accountId);
  if (!account) throw new Error(`no account ${accountId}`);
  return account;
}

/** Named by an order that nobody here has. */
const payment = (id: string, received: Money): ProviderPayment => ({
  ...{ id, amount: received, amountReceived: received, status: 'succeeded', failure: null },
  metadata: { baisa_order: 'ord_nobody', baisa_agency: 'agn_nobody' },
});

const raise = async (...subjects: readonly string[]) =>
  service.pool.query(keepFindings, [
    ...[
      'rec_before',
      service.clock.now(),
      subjects.map(() => accountId),
      subjects.map(() => 'unknown_payment'),
      subjects,
    ],
    ...[subjects.map(() => 'raised'), subjects.map(() => '{}')],
  ]);

async function compared(
  payments: Pick<PaymentsPort, 'retrieve' | 'listSince'>,
  askAccount: ComparePaymentsDependencies['askAccount'],
) {
  const account = await accountOf();
  const provider: PaymentProvider = {
    ...{ name: 'whop', apiVersion: 'none', accounts: { current: nothing, retrieve: nothing }, payments },
    disputes: { retrieve: nothing, listOfPayment: nothing },
  };
  const [inOrder, found]: [string[], string[]] = [[], []];
  const { sums } = await comparePayments(
    {
      database: service,
      askAccount,
      followPayments: async () => undefined,
      onFound: async (findings) => {
        found.push(...findings.map(({ subject }) => subject));
      },
      onInOrder: async (_account, subjects) => {
        inOrder.push(...subjects);
      },
    },
    { account, provider, payments, since: service.clock.now() },
  );
  return { inOrder: inOrder.toSorted(), found, sums };
}

it('looks again at what was raised, however long past, and closes what is in order now', async () => {
  const { effectiveCurrency } = await accountOf();
  const [ten, none] = [Money.of('10', effectiveCurrency), Money.zero(effectiveCurrency)];
  await raise('pay_void', 'pay_still', 'mem_applied', 'mem_parked');
  const now = new Map([
    ['pay_still', payment('pay_still', ten)],
    ['pay_void', { ...payment('pay_void', ten), amountReceived: none }],
  ]);
  const asked: string[] = [];
  const { inOrder, found, sums } = await compared(
    {
      listSince: async () => [],
      retrieve: async (_account, id) => {
        const there = now.get(id);
        if (there) return there;
        throw new ProviderError({ kind: 'invalid', code: 'not_found', message: `${id} is no payment` });
      },
    },
    async (_account, _since, besides) => {
      asked.push(...besides);
      return [{ about: 'state', objectId: 'mem_parked', outcome: 'parked', reason: 'other_account' }];
    },
  );
  expect(asked.toSorted()).toEqual(['mem_applied', 'mem_parked', 'pay_still', 'pay_void']);
  expect(inOrder).toEqual(['mem_applied', 'pay_void']);
  expect([found, sums]).toEqual([['mem_parked'], []]);
});

it('asks nothing more about an agency’s other business, and compares what names an order in whatever currency', async () => {
  const { effectiveCurrency } = await accountOf();
  const other: ProviderPayment = {
    ...payment('pay_other', Money.of('7', effectiveCurrency)),
    metadata: {},
    isReversed: true,
  };
  const listed = [other, payment('pay_in_pounds', Money.of('3', 'GBP'))];
  const { found, sums } = await compared(
    { listSince: async () => listed, retrieve: async (_account, id) => payment(id, Money.zero('GBP')) },
    async () => [],
  );
  expect(found).toEqual(['pay_in_pounds']);
  const explained = sums.map(({ explainedBy }) => [...explainedBy].map(([by, amount]) => `${by} ${amount}`));
  expect(explained).toEqual([[`foreign ${Money.of('7', effectiveCurrency)}`], ['raised 3.00 GBP']]);
});

it('says of an account that could not be compared by which of the two it would have been', async () => {
  const account = await accountOf();
  const whop: PaymentProvider = {
    ...{ name: 'whop', apiVersion: 'none', accounts: { current: nothing, retrieve: nothing } },
    payments: { retrieve: nothing, listSince: nothing },
  };
  const [byPayments, byBalance] = [whop, { ...whop, balance: { listEntries: nothing } }].map((provider) =>
    failedReport(account, provider, service.clock.now(), new Error('away')),
  );
  expect(byPayments).toMatchObject({ basis: 'payments', error: 'away' });
  expect(byBalance).toMatchObject({ basis: 'balance', error: 'away' });
});
