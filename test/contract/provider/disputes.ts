import { describe, expect, it, vi } from 'vitest';
import type { DisputesPort, ProviderDispute } from '../../../src/providers/refund-ports.ts';
import { type ContractRun, need, refusalOf } from './contract-run.ts';

/** A provider's bank may take its time. */
const waitMs = 60_000;

export function describeDisputes(run: () => ContractRun): void {
  const disputes = (): DisputesPort => need(run().subject.provider.disputes, 'disputes');

  /** The one dispute of a payment, once the provider shows all that it does at first. */
  async function opened(kind: 'charged_back' | 'inquired', movements: number): Promise<ProviderDispute> {
    const paymentId = await need(run().subject.takePayment, 'way to be paid')(run().money('2.000'), kind);
    return vi.waitFor(
      async () => {
        const [dispute, ...more] = await disputes().listOfPayment(run().account, paymentId);
        expect(more).toEqual([]);
        expect(dispute?.paymentId).toBe(paymentId);
        expect(dispute?.movements).toHaveLength(movements);
        return need(dispute, 'dispute');
      },
      { timeout: waitMs },
    );
  }

  describe('disputes', () => {
    it('take the charged amount, and say so by their movements', async () => {
      const dispute = await opened('charged_back', 1);
      expect(dispute).toMatchObject({ isInquiry: false, reason: 'fraudulent' });
      const [withdrawal] = dispute.movements;
      expect(withdrawal?.kind).toBe('withdrawn');
      expect(withdrawal?.charged.toString()).toBe(run().money('2.000').toString());
      // Null where the provider shows no entries of its balance.
      const showsBalance = run().subject.provider.balance !== undefined;
      expect(withdrawal?.settled?.net.isNegative).toBe(showsBalance ? true : undefined);
      await expect(disputes().retrieve(run().account, dispute.id)).resolves.toEqual(dispute);
    });

    it('that are inquiries move nothing', async () => {
      const dispute = await opened('inquired', 0);
      expect(dispute).toMatchObject({ isInquiry: true, status: 'needs_response', movements: [] });
    });

    it('keep a payment from being refunded while it is charged back', async () => {
      const { paymentId } = await opened('charged_back', 1);
      const refunds = need(run().subject.provider.refunds, 'refunds');
      const request = {
        refundId: run().name('refund'),
        paymentId: String(paymentId),
        amount: run().money('0.500'),
        applicationFeeReturned: false,
        reason: null,
        metadata: {},
      };
      const refusal = await refusalOf(refunds.create(run().account, request, run().once()));
      expect(refusal.detail).toMatchObject({ kind: 'invalid', code: 'charge_disputed' });
    });
  });
}
