import { describe, expect, it } from 'vitest';
import type { RefundRequest, RefundsPort } from '../../../src/providers/refund-ports.ts';
import { type ContractRun, need, refusalOf } from './contract-run.ts';

export function describeRefunds(run: () => ContractRun): void {
  const refunds = (): RefundsPort => need(run().subject.provider.refunds, 'refunds');
  const pay = () => need(run().subject.takePayment, 'way to be paid')(run().money('2.000'), 'plain');

  const asked = (paymentId: string, amount: string): RefundRequest => ({
    refundId: run().name('refund'),
    paymentId,
    amount: run().money(amount),
    applicationFeeReturned: false,
    reason: 'requested_by_customer',
    metadata: { baisa_order: 'ord_contract' },
  });

  const shown = ({ amount }: { amount: { toString(): string } }): string => amount.toString();

  describe('refunds', () => {
    it('are found by what a lost call left; made once when one key is sent twice, where keys are kept', async () => {
      const request = asked(await pay(), '0.500');
      const options = run().once();
      const find = () => refunds().find(run().account, { ...request, others: [] });
      await expect(find()).resolves.toBeNull();
      const made = await refunds().create(run().account, request, options);
      expect(made).toMatchObject({ paymentId: request.paymentId, failure: null });
      await expect(find()).resolves.toMatchObject({ id: made.id });
      if (made.isUnnamed) {
        const others = [made.id];
        await expect(refunds().find(run().account, { ...request, others })).resolves.toBeNull();
        await expect(refunds().retrieve(run().account, made.id)).resolves.toEqual(made);
        return;
      }
      expect(made).toMatchObject({ refundId: request.refundId, metadata: { baisa_order: 'ord_contract' } });
      expect((await refunds().create(run().account, request, options)).id).toBe(made.id);
      await expect(refunds().retrieve(run().account, made.id)).resolves.toMatchObject({ refundId: request.refundId });
    });

    it('in parts come to what was paid and no further', async () => {
      const paymentId = await pay();
      for (const amount of ['0.700', '0.700', '0.600']) {
        await refunds().create(run().account, asked(paymentId, amount), run().once());
      }
      const all = await refunds().listOfPayment(run().account, paymentId);
      expect(all.map(shown)).toEqual(['0.700', '0.700', '0.600'].map((amount) => run().money(amount).toString()));
      for (const { movements } of all) {
        const showsBalance = run().subject.provider.balance !== undefined;
        const settled = showsBalance ? { net: { isNegative: true } } : null;
        expect(movements).toMatchObject([{ kind: 'withdrawn', settled }]);
      }
      const refusal = await refusalOf(refunds().create(run().account, asked(paymentId, '0.010'), run().once()));
      expect(refusal.detail).toMatchObject({ kind: 'invalid', code: 'charge_already_refunded' });
    });

    it('of more than is left are refused for good', async () => {
      const paymentId = await pay();
      const refusal = await refusalOf(refunds().create(run().account, asked(paymentId, '2.010'), run().once()));
      expect(refusal.kind).toBe('invalid');
      await expect(refunds().listOfPayment(run().account, paymentId)).resolves.toEqual([]);
    });

    it('know no late failure of a payment that stands', async () => {
      await expect(refunds().lateFailures(run().account, await pay())).resolves.toEqual([]);
    });
  });
}
