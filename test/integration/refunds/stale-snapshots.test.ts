import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { ProviderDispute, ProviderRefund } from '../../../src/providers/refund-ports.ts';
import {
  loadRefunds,
  lockReversedOrders,
  orderKeyOf,
  storeDisputes,
  storeHeard,
} from '../../../src/refunds/reversal.store.ts';
import type { ReversedOrder } from '../../../src/refunds/reversed-order.ts';
import { storeAccount, storeSale } from '../http/tenant-rows.ts';
import { type Service, startService } from '../http/tenants.ts';

let service: Service;
let order: ReversedOrder;
let payments = 0;
let paymentId: string;

beforeAll(async () => {
  service = await startService();
  const { pool, prisma, first } = service;
  const { agencyId } = first.customer;
  const merchantAccountId = await storeAccount(service, first.agency.id);
  const { paidOrder: orderId } = await storeSale(service, first.customer);
  await prisma.order.updateMany({ where: { id: orderId }, data: { merchantAccountId } });
  const found = (await lockReversedOrders(pool, [{ agencyId, orderId }])).get(orderKeyOf({ agencyId, orderId }));
  if (!found) throw new Error(`no order ${orderId}`);
  order = found;
});
afterAll(() => service.stop());
beforeEach(() => {
  payments += 1;
  paymentId = `pi_${payments}`;
});

const amount = Money.of('0.960', 'OMR');
const createdAt = new Date('2026-11-21T08:00:00Z');

async function refundAfter(statuses: readonly ProviderRefund['status'][]): Promise<string | undefined> {
  const { pool, prisma, clock } = service;
  for (const status of statuses) {
    const refund = { id: `re_${paymentId}`, status, amount, paymentId, refundId: null, metadata: {}, failure: null };
    const [known = null] = await loadRefunds(pool, order, paymentId);
    const stored = { subject: 'stripe:acct:re', charged: amount, credited: Money.of('2.49', 'USD') };
    await storeHeard(clock, pool, order, paymentId, [
      { known, refund: { ...refund, createdAt, movements: [] }, stored },
    ]);
  }
  return (await prisma.refund.findFirst({ where: { providerPaymentId: paymentId } }))?.status;
}

it.each<[ProviderRefund['status'][], string]>([
  [['pending', 'succeeded', 'pending'], 'succeeded'],
  [['succeeded', 'failed', 'succeeded'], 'failed'],
  [['pending', 'canceled', 'pending'], 'canceled'],
])(
  'a refund that was read as %j is %s: what was read earlier and came later takes nothing back',
  async (read, ends) => {
    expect(await refundAfter(read)).toBe(ends);
  },
);

type Read = Pick<ProviderDispute, 'status' | 'isInquiry' | 'isAppealed'>;
const inquiry: Read = { status: 'needs_response', isInquiry: true, isAppealed: false };
const open: Read = { ...inquiry, isInquiry: false };
const appealed: Read = { ...open, isAppealed: true };

it.each<[string, readonly Read[], string]>([
  ['won and read as open', [open, { ...open, status: 'won' }, open], 'won'],
  ['a chargeback and read as an inquiry', [inquiry, open, inquiry], 'needs_response'],
  ['lost and read as open', [open, { ...open, status: 'lost' }, open], 'lost'],
  ['lost and appealed', [{ ...open, status: 'lost' }, appealed], 'needs_response'],
  ['lost, appealed and won', [{ ...open, status: 'lost' }, { ...open, status: 'won' }, appealed], 'won'],
])('a dispute that was %s ends as what it came to last', async (_what, read, ends) => {
  const { pool, prisma, clock } = service;
  for (const each of read) {
    const dispute = { id: `du_${paymentId}`, paymentId, amount, reason: 'fraudulent', answerDueAt: null, createdAt };
    await storeDisputes(clock, pool, order, paymentId, [{ ...dispute, ...each, movements: [] }]);
  }
  const stored = await prisma.dispute.findFirst({ where: { providerPaymentId: paymentId } });
  expect(stored).toMatchObject({ status: ends, isInquiry: false });
});
