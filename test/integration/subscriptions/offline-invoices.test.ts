import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { receiveTopUp } from '../../../src/ledger/postings.ts';
import { Money } from '../../../src/money/money.ts';
import type { Invoice } from '../../../src/subscriptions/offline-invoice.store.ts';
import type { Scope } from '../../../src/tenancy/scope.ts';
import { ids, platform } from '../catalog/world.ts';
import { createOfflineWorld, type OfflineWorld } from './offline-world.ts';
import { client, portal, two } from './world.ts';

let world: OfflineWorld;
// Each test has books and a calendar of its own.
beforeEach(async () => {
  world = await createOfflineWorld();
});
afterEach(() => world.close());

const key = { agencyId: ids.two, customerId: client };
const at = (text: string): Date => new Date(`${text}T08:00:00.000Z`);
const moveTo = async (day: string): Promise<void> => {
  world.clock.advance(at(day).getTime() - world.clock.now().getTime());
  await world.sweep();
};

const invoices = (scope: Scope = two) => world.offline.invoices.list(scope, client, { limit: 100, after: undefined });
const shown = ({ periodStart, total, status }: Invoice): string =>
  `${periodStart?.toISOString().slice(0, 10)} ${total} ${status}`;
const billed = async (): Promise<readonly string[]> => (await invoices()).map(shown).reverse();
const balances = async (agencyId: string = ids.two): Promise<readonly string[]> =>
  (await world.ledger.systemBalances(agencyId)).map(({ code, balance }) => `${code} ${balance}`).sort();

const tax = { name: 'GST', percent: '5', inclusive: false };

describe('an invoice', () => {
  test('is drawn from the balance where the agency has it so, with its tax, and may take it below zero', async () => {
    await world.setAgency({ offlineCollection: 'balance' });
    const topUp = { ...key, merchantAccountId: ids.account, reference: 'manual:1', source: 'test' };
    await world.ledger.postAlone(receiveTopUp({ ...topUp, amount: Money.of('60.00', 'USD') }));
    await world.startOffline(await world.fixed('gold', { tax }));
    expect(await billed()).toEqual(['2026-11-21 51.45 USD paid']);
    expect(String(await world.ledger.balance(ids.two, client))).toBe('8.55 USD');
    await moveTo('2026-12-21');
    expect(String(await world.ledger.balance(ids.two, client))).toBe('-42.90 USD');
    expect(await balances()).toEqual(['manual_receipts 60.00 USD', 'revenue 98.00 USD', 'tax_payable 4.90 USD']);
  });

  test('of a plan in another currency is drawn in USD at the rate that the version froze', async () => {
    await world.setAgency({ offlineCollection: 'balance' });
    const rial = { currency: 'OMR', cycles: { monthly: '19.250' }, recurring: [], packs: [] } satisfies Parameters<
      OfflineWorld['fixed']
    >[1];
    await world.startOffline(await world.fixed('rial', rial));
    expect(await billed()).toEqual(['2026-11-21 50.00 USD paid']);
  });

  test('is left open for whoever is paid outside, and marked paid once, under one name', async () => {
    await world.startOffline(await world.fixed('gold', { tax }));
    const [open] = await invoices();
    const id = open?.id ?? '';
    const mark = (externalReference?: string) => world.offline.invoices.markPaid(two, id, { externalReference });
    const [paid] = await Promise.all([mark('bank 7'), mark('bank 7'), mark('bank 7')]);
    expect(paid).toMatchObject({ status: 'paid', externalReference: 'bank 7', paidAt: world.clock.now() });
    expect(await mark()).toMatchObject({ status: 'paid' });
    await expect(mark('bank 8')).rejects.toMatchObject({ status: 409, code: 'invoice_paid' });
    expect(await balances()).toEqual([
      'manual_receipts 51.45 USD',
      'subscription_revenue 49.00 USD',
      'tax_payable 2.45 USD',
    ]);
    const entries = await world.database.prisma.auditEntry.findMany({ where: { subject: id } });
    expect(entries.map(({ action }) => action)).toEqual(['invoice.paid']);
  });

  test('takes no name that another payment has: of an invoice, or onto a balance', async () => {
    await world.startOffline(await world.fixed('gold'));
    await moveTo('2027-01-01');
    const [second, first] = (await invoices()).map(({ id }) => id);
    const mark = (id = '', externalReference = 'bank 7') =>
      world.offline.invoices.markPaid(two, id, { externalReference });
    await mark(first);
    await expect(mark(second)).rejects.toMatchObject({ status: 409, code: 'reference_conflict' });
    const topUp = { ...key, merchantAccountId: ids.account, reference: 'manual:bank 9', source: 'test' };
    await world.ledger.postAlone(receiveTopUp({ ...topUp, amount: Money.of('49.00', 'USD') }));
    await expect(mark(second, 'bank 9')).rejects.toMatchObject({ status: 409, code: 'reference_conflict' });
    expect(await billed()).toEqual(['2026-11-21 49.00 USD paid', '2026-12-21 49.00 USD open']);
  });

  test('paid outside for a plan that shares revenue leaves the agency owing the platform its part', async () => {
    const shared = { type: 'revenue_sharing', revenueShare: { agencyPercent: '70' }, tax } as const;
    const planId = await world.fixed('shared', shared, platform);
    await world.offers.setAgencyOffers(platform, ids.two, [planId]);
    await world.startOffline(planId);
    const [open] = await invoices();
    await world.offline.invoices.markPaid(two, open?.id ?? '', { externalReference: undefined });
    // 30 % of 49.00, which is net of tax.
    expect(await balances()).toContain('payable_to_platform 14.70 USD');
    expect(await balances(ids.platform)).toContain('receivable_from_agency 14.70 USD');
  });

  test('of a provider is shown beside ours, and is the provider’s to say paid', async () => {
    const { id: subscriptionId } = await world.startOffline(await world.fixed('gold'));
    const now = world.clock.now();
    await world.database.prisma.invoice.create({
      data: {
        ...{ ...key, id: 'inv_9', subscriptionId, merchantAccountId: ids.account, kind: 'provider' },
        ...{
          providerInvoiceId: 'in_1',
          status: 'open',
          currency: 'OMR',
          total: '18.900',
          tax: '0.900',
          amountDue: '18.900',
        },
        ...{ amountPaid: '0', createdAt: now, updatedAt: now },
      },
    });
    const [provider] = await invoices();
    expect(provider).toMatchObject({ id: 'inv_9', kind: 'provider' });
    const mark = world.offline.invoices.markPaid(two, 'inv_9', { externalReference: undefined });
    await expect(mark).rejects.toMatchObject({ status: 409, code: 'invoice_of_provider' });
  });

  test('of a plan that costs nothing is paid as it is made, and nothing is posted', async () => {
    await world.startOffline(await world.fixed('free', { cycles: { monthly: '0.00' } }));
    expect(await billed()).toEqual(['2026-11-21 0.00 USD paid']);
    expect(await balances()).toEqual([]);
  });

  test('is its client’s and its agency’s to see, and nobody else’s', async () => {
    await world.startOffline(await world.fixed('gold'));
    const [own] = await invoices(portal);
    const id = own?.id ?? '';
    expect(await world.offline.invoices.find(portal, id)).toMatchObject({ id });
    const stranger = { ...portal, customerId: 'cus_stranger' } as const;
    const other = { role: 'agency', agencyId: ids.one, keyId: 'key' } as const;
    for (const scope of [stranger, other]) {
      await expect(world.offline.invoices.find(scope, id)).rejects.toMatchObject({ status: 404 });
      await expect(world.offline.invoices.list(scope, client, { limit: 1, after: undefined })).rejects.toMatchObject({
        status: 404,
      });
    }
    await expect(world.offline.invoices.markPaid(other, id, { externalReference: undefined })).rejects.toMatchObject({
      status: 404,
    });
  });
});
