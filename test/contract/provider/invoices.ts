import { describe, expect, it } from 'vitest';
import { Money } from '../../../src/money/money.ts';
import type { ProviderInvoice, ProviderSubscription } from '../../../src/providers/subscription-ports.ts';
import { makeCardholder } from './cardholders.ts';
import { type ContractRun, need, type Stage } from './contract-run.ts';
import { subscriberTools } from './subscribers.ts';

function invoiceTools(run: () => ContractRun) {
  const { invoices } = subscriberTools(run);
  const list = ({ id }: ProviderSubscription): Promise<readonly ProviderInvoice[]> =>
    invoices().listOfSubscription(run().account, id);
  return {
    list,
    /** The only one so far. */
    first: async (subscription: ProviderSubscription): Promise<ProviderInvoice> => {
      const all = await list(subscription);
      expect(all).toHaveLength(1);
      return need(all[0], 'invoice');
    },
    retrieve: (id: string): Promise<ProviderInvoice> => invoices().retrieve(run().account, id),
  };
}

export function describeInvoices(run: () => ContractRun): void {
  const { invoices, makePrice, makeTaxRate, lineOf, requestOf, create, subscribe } = subscriberTools(run);
  const { first, retrieve } = invoiceTools(run);

  describe('the invoice of a subscription', () => {
    it('is paid, names its subscription as it was, and what was sold', async () => {
      const subscription = await subscribe('20.00');
      const invoice = await first(subscription);
      expect(invoice).toMatchObject({
        status: 'paid',
        subscriptionId: subscription.id,
        metadata: subscription.metadata,
        billingReason: 'subscription_create',
        paidAt: expect.any(Date),
        nextAttemptAt: null,
      });
      const price = run().money('20.00');
      for (const amount of [invoice.total, invoice.amountDue, invoice.amountPaid]) expect(amount).toEqual(price);
      expect([invoice.tax.isZero, invoice.credit.isZero]).toEqual([true, true]);
      const item = need(subscription.items[0], 'item');
      expect(invoice.lines).toEqual([
        {
          priceId: item.priceId,
          description: expect.any(String),
          quantity: 1,
          net: price,
          tax: Money.zero(run().subject.currency),
          periodStart: item.periodStart,
          periodEnd: item.periodEnd,
        },
      ]);
      expect(await retrieve(invoice.id)).toEqual(invoice);
    });

    it('is found by the payment that paid it', async () => {
      const invoice = await first(await subscribe());
      expect(invoice.paymentIds).toHaveLength(1);
      const paymentId = need(invoice.paymentIds[0], 'payment');
      expect(await invoices().findByPayment(run().account, paymentId)).toEqual(invoice);
      const payment = await need(run().subject.provider.payments, 'payments').retrieve(run().account, paymentId);
      expect(payment).toMatchObject({ status: 'succeeded', amountReceived: invoice.amountPaid });
    });

    it.each([
      ['beside the price', false, '21.00', '20.00'],
      ['within the price', true, '21.00', '20.00'],
    ] as const)('has its tax %s', async (_where, inclusive, total, net) => {
      const taxRate = await makeTaxRate('5', inclusive);
      const priceId = await makePrice(inclusive ? total : net);
      const subscription = await create(requestOf(await makeCardholder(run()), [lineOf(priceId, 1, [taxRate])]));
      expect(subscription.items[0]?.taxRateIds).toEqual([taxRate]);
      const invoice = await first(subscription);
      expect(invoice.amountPaid).toEqual(run().money(total));
      expect(invoice.tax).toEqual(run().money('1.00'));
      expect(invoice.lines).toMatchObject([{ priceId, net: run().money(net), tax: run().money('1.00') }]);
    });

    it('of a trial asks for nothing, and no payment made it', async () => {
      const request = requestOf(await makeCardholder(run()), [lineOf(await makePrice('20.00'))]);
      const invoice = await first(await create({ ...request, trialDays: 14 }));
      expect(invoice).toMatchObject({ status: 'paid', paymentIds: [] });
      expect([invoice.total.isZero, invoice.amountPaid.isZero]).toEqual([true, true]);
    });

    it('has all its lines, however many', async () => {
      const prices = await Promise.all(Array.from({ length: 12 }, () => makePrice('1.00')));
      const invoice = await first(
        await create(
          requestOf(
            await makeCardholder(run()),
            prices.map((id) => lineOf(id)),
          ),
        ),
      );
      expect(new Set(invoice.lines.map(({ priceId }) => priceId))).toEqual(new Set(prices));
      expect(invoice.lines).toHaveLength(12);
      expect(invoice.total).toEqual(run().money('12.00'));
    });
  });
}

export function describeStagedInvoices(run: () => ContractRun): void {
  const { subscribe } = subscriberTools(run);
  const { list, retrieve } = invoiceTools(run);
  const stage = (): Stage => need(run().subject.stage, 'stage');

  describe('the invoice of a renewal', () => {
    it('is one for each period, newest first', async () => {
      const subscription = await subscribe();
      await stage().advanceClock('32d');
      const found = await list(subscription);
      expect(found.map(({ status, billingReason }) => `${status} ${billingReason}`)).toEqual([
        'paid subscription_cycle',
        'paid subscription_create',
      ]);
      expect(new Set(found.flatMap(({ paymentIds }) => paymentIds)).size).toBe(2);
      // What is paid ahead: each line is of the period that begins.
      expect(found[0]?.lines[0]?.periodStart).toEqual(found[1]?.lines[0]?.periodEnd);
    });

    it('that the bank declines stays open, is tried again, and has one payment when it is paid', async () => {
      const subscription = await subscribe();
      const card = need(subscription.defaultCardId ?? undefined, 'card');
      await stage().setCard(card, 'try_again_later');
      await stage().advanceClock('32d');
      const [open] = await list(subscription);
      expect(open).toMatchObject({ status: 'open', paidAt: null, nextAttemptAt: expect.any(Date) });
      expect(open?.amountPaid.isZero).toBe(true);
      expect(open?.attemptCount).toBeGreaterThan(0);
      expect(open?.hostedUrl).toMatch(/^https?:/);
      await stage().setCard(card, null);
      await stage().advanceClock('8d');
      const paid = await retrieve(need(open, 'invoice').id);
      expect(paid).toMatchObject({ status: 'paid', paidAt: expect.any(Date), nextAttemptAt: null });
      expect(paid.paymentIds).toHaveLength(1);
    });
  });
}
