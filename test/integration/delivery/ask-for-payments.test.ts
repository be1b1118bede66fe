import { afterAll, beforeAll, expect, it } from 'vitest';
import { ReferenceConflict } from '../../../src/ledger/ledger.ts';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import { Money } from '../../../src/money/money.ts';
import { ProviderError } from '../../../src/providers/errors.ts';
import type { PaymentProvider, ProviderPayment } from '../../../src/providers/port.ts';
import { createAskForPayments } from '../../../webhooks/ask-for-payments.ts';
import { storeAccount } from '../http/tenant-rows.ts';
import { type Service, startService } from '../http/tenants.ts';

let service: Service;

beforeAll(async () => {
  service = await startService();
  const id = await storeAccount(service, service.first.agency.id);
  await service.prisma.merchantAccount.updateMany({
    where: { id },
    data: { provider: 'whop', connectedAt: new Date(0) },
  });
});
afterAll(() => service.stop());

const nothing = async (): Promise<never> => {
  throw new Error('nobody asks for this');
};

const payment = (id: string): ProviderPayment => ({
  ...{ id, amount: Money.of('5', 'USD'), amountReceived: Money.of('5', 'USD'), status: 'succeeded', failure: null },
  metadata: { baisa_order: `ord_of_${id}`, baisa_agency: 'agn_1' },
});

/** What is credited of two payments, and found, when the first of them fails so. */
async function asked(failure: Error) {
  const { pool, prisma, clock, first } = service;
  const database = { url: '', pool, prisma, close: async () => undefined };
  const provider: PaymentProvider = {
    ...{ name: 'whop', apiVersion: 'none', accounts: { current: nothing, retrieve: nothing } },
    payments: { retrieve: nothing, listSince: async () => [payment('pay_bad'), payment('pay_good')] },
  };
  const [credited, found, failed]: [string[], string[], unknown[]] = [[], [], []];
  const ask = createAskForPayments({
    ...{ database, clock, providers: { whop: provider } },
    merchantAccounts: createMerchantAccounts({ database, clock, platformAgencyId: first.agency.id }),
    appliers: {
      payment: async (_sql, batch) =>
        batch.map(({ event }) => {
          if (event.type !== 'payment.settled' || event.paymentId === 'pay_bad') throw failure;
          credited.push(event.paymentId);
          return { status: 'done' };
        }),
      ...{ subscription: nothing, refund: nothing, dispute: nothing },
    },
    onFound: ({ objectId, outcome, reason }) => found.push(`${objectId} ${outcome} ${reason}`),
    onFailure: (_account, error) => failed.push(error),
  });
  await ask.all();
  return { credited, found, failed };
}

it('asks again from where it stood after what may pass by itself', async () => {
  for (const failure of [
    new Error('the connection broke'),
    new ProviderError({ kind: 'auth', message: 'the key was taken back' }),
  ]) {
    expect(await asked(failure)).toEqual({ credited: [], found: [], failed: [failure] });
  }
});

it('credits what comes after a payment that can never be applied, which is parked', async () => {
  expect(await asked(new ReferenceConflict(['whop:biz_1:pay_bad:settled']))).toEqual({
    credited: ['pay_good'],
    found: ['pay_bad parked reference_conflict', 'pay_good applied null'],
    failed: [],
  });
});
