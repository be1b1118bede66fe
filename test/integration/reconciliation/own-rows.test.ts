import { afterAll, beforeAll, expect, it } from 'vitest';
import { createMerchantAccounts } from '../../../src/merchant-accounts/merchant-accounts.ts';
import type { Finding } from '../../../src/reconciliation/finding.ts';
import { lookAfterOwn } from '../../../src/reconciliation/look-after-own.ts';
import { storeAccount, storeCard, storeSale } from '../http/tenant-rows.ts';
import { type Service, startService } from '../http/tenants.ts';

const dayMs = 86_400_000;

let service: Service;
let accountId: string;

beforeAll(async () => {
  service = await startService();
  accountId = await storeAccount(service, service.first.agency.id);
});
afterAll(() => service.stop());

/** A provider that sells nothing, and is asked nothing. */
const provider = { name: 'stripe', apiVersion: 'none' } as const;

const accountsOf = (nothing: () => Promise<never>) => ({ current: nothing, retrieve: nothing });

/** What is found of the account's own rows at a moment. */
async function foundAt(now: Date): Promise<readonly string[]> {
  const { pool, prisma, clock, first } = service;
  const database = { url: '', pool, prisma, close: async () => undefined };
  const account = await createMerchantAccounts({ database, clock, platformAgencyId: first.agency.id }).byId(accountId);
  if (!account) throw new Error(`no account ${accountId}`);
  const found: Finding[] = [];
  const nothing = async (): Promise<never> => {
    throw new Error('nothing of this is settled');
  };
  await lookAfterOwn(
    {
      database,
      settlePayments: nothing,
      refreshPayment: nothing,
      onFound: async (findings) => {
        found.push(...findings);
      },
    },
    { account, provider: { ...provider, accounts: accountsOf(nothing) }, now, source: 'reconciliation:test' },
  );
  return found.map((finding) => `${finding.class} ${finding.status} ${finding.subject}`).toSorted();
}

it('raises holds that stand and calls of unknown outcome after a day, and not before', async () => {
  const { prisma, clock, first } = service;
  const { agencyId, id: customerId } = first.customer;
  const at = clock.now();
  const card = await storeCard(service, first.customer, accountId);
  const { paidOrder } = await storeSale(service, first.customer);
  await prisma.cardVerification.create({
    data: {
      ...{ agencyId, id: 'hold_standing', customerId, paymentMethodId: card, merchantAccountId: accountId },
      ...{ fingerprint: 'fp', amount: '0.380', currency: 'OMR', status: 'placed', providerPaymentId: 'pi_held' },
      ...{ requestedAt: at, placedAt: at, updatedAt: at },
    },
  });
  await prisma.refund.create({
    data: {
      ...{ agencyId, id: 'rfn_unknown', orderId: paidOrder, customerId, merchantAccountId: accountId },
      ...{ providerPaymentId: 'pi_paid', origin: 'api', status: 'pending', credited: '1', charged: '0.385' },
      ...{ chargeCurrency: 'OMR', requestedAt: at, updatedAt: at },
    },
  });
  expect(await foundAt(new Date(at.getTime() + dayMs))).toEqual([]);
  const later = new Date(at.getTime() + dayMs + 1);
  expect(await foundAt(later)).toEqual(['open_hold raised hold_standing', 'unknown_outcome raised rfn_unknown']);
  await prisma.cardVerification.updateMany({
    where: { id: 'hold_standing' },
    data: { status: 'released', endedAt: later },
  });
  expect(await foundAt(later)).toEqual(['unknown_outcome raised rfn_unknown']);
});

it('raises an order past its end of whose page the provider says nothing', async () => {
  const { prisma, clock, second } = service;
  const { order } = await storeSale(service, second.customer);
  await prisma.order.updateMany({
    where: { id: order },
    data: { merchantAccountId: accountId, providerSessionId: 'cs_open' },
  });
  const expiresAt = clock.now().getTime() + dayMs;
  expect(await foundAt(new Date(expiresAt))).not.toContain(`stuck_checkout raised ${order}`);
  expect(await foundAt(new Date(expiresAt + 3_600_001))).toContain(`stuck_checkout raised ${order}`);
});
