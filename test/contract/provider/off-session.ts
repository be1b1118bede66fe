import { describe, expect, it } from 'vitest';
import type { OffSessionChargeRequest, OffSessionPort } from '../../../src/providers/card-ports.ts';
import type { ProviderPayment } from '../../../src/providers/port.ts';
import { type Cardholder, makeCardholder } from './cardholders.ts';
import { type CardHands, type ContractRun, cardAdvices, need, refusalOf, type Stage } from './contract-run.ts';

function chargeTools(run: () => ContractRun) {
  const offSession = (): OffSessionPort => need(run().subject.provider.offSession, 'off-session charges');

  const aCharge = (cardholder: Cardholder): OffSessionChargeRequest => {
    const orderId = run().name('order');
    return {
      orderId,
      metadata: { baisa_order: orderId, baisa_agency: 'agency_1' },
      ...cardholder,
      amount: run().money('5.00'),
      applicationFee: run().account.platform ? null : run().money('0.50'),
      description: 'Auto-refill: 5.00 USD of balance',
    };
  };

  const charge = (request: OffSessionChargeRequest, options = run().once()): Promise<ProviderPayment> =>
    offSession().charge(run().account, request, options);

  const find = ({ providerCustomerId, orderId }: OffSessionChargeRequest): Promise<ProviderPayment | null> =>
    offSession().find(run().account, providerCustomerId, orderId);

  const cancel = (id: string): Promise<ProviderPayment> => offSession().cancel(run().account, id, run().once());

  const paymentsOf = ({ providerCustomerId }: OffSessionChargeRequest): Promise<readonly string[]> => {
    const hands: CardHands = need(run().subject.cards, 'hands for cards');
    return hands.paymentsOf(providerCustomerId);
  };

  return { aCharge, charge, find, cancel, paymentsOf };
}

export function describeOffSession(run: () => ContractRun): void {
  const { aCharge, charge, find, cancel, paymentsOf } = chargeTools(run);

  describe('a charge without the card’s owner', () => {
    it('takes the amount, names its order, and is found as it was answered', async () => {
      const request = aCharge(await makeCardholder(run()));
      const payment = await charge(request);
      expect(payment).toMatchObject({ status: 'succeeded', metadata: request.metadata, failure: null });
      expect(payment.amount.equals(request.amount)).toBe(true);
      expect(payment.amountReceived.equals(request.amount)).toBe(true);
      expect(await find(request)).toEqual(payment);
    });

    it('is made once when one key is sent twice', async () => {
      const request = aCharge(await makeCardholder(run()));
      const options = run().once();
      const first = await charge(request, options);
      expect(await charge(request, options)).toEqual(first);
      expect(await paymentsOf(request)).toEqual([first.id]);
    });

    it('is found by its own order only', async () => {
      const cardholder = await makeCardholder(run());
      await charge(aCharge(cardholder));
      expect(await find(aCharge(cardholder))).toBeNull();
    });

    it('that the bank declines fails with its reason, takes nothing, and is declined once under one key', async () => {
      const request = aCharge(await makeCardholder(run(), 'fails'));
      const options = run().once();
      const { detail } = await refusalOf(charge(request, options));
      expect(detail).toMatchObject({
        kind: 'declined',
        code: 'card_declined',
        declineCode: expect.any(String),
        paymentId: expect.any(String),
      });
      expect((await refusalOf(charge(request, options))).detail).toMatchObject({
        kind: 'declined',
        paymentId: detail.paymentId,
      });
      const found = await find(request);
      expect(found).toMatchObject({
        id: detail.paymentId,
        status: 'requires_payment_method',
        failure: { code: 'card_declined', declineCode: detail.declineCode },
      });
      expect(found?.amountReceived.isZero).toBe(true);
      expect(await paymentsOf(request)).toEqual([detail.paymentId]);
    });

    it('that was declined is ended, so that nobody pays it later', async () => {
      const request = aCharge(await makeCardholder(run(), 'fails'));
      const { paymentId } = (await refusalOf(charge(request))).detail;
      const id = need(paymentId, 'payment of the declined try');
      expect((await cancel(id)).status).toBe('canceled');
      expect((await cancel(id)).status).toBe('canceled');
      expect((await find(request))?.status).toBe('canceled');
    });

    it('that was paid is answered as it is, and not undone, when it is to be ended', async () => {
      const payment = await charge(aCharge(await makeCardholder(run())));
      expect(await cancel(payment.id)).toEqual(payment);
    });

    it('is not made on another customer’s card', async () => {
      const [owner, other] = [await makeCardholder(run()), await makeCardholder(run())];
      expect((await refusalOf(charge({ ...aCharge(owner), cardId: other.cardId }))).kind).toBe('invalid');
    });

    it('that is not there is not ended', async () => {
      expect((await refusalOf(cancel('pi_absent'))).kind).toBe('invalid');
    });
  });
}

export function describeStagedOffSession(run: () => ContractRun): void {
  const { aCharge, charge, find, cancel, paymentsOf } = chargeTools(run);
  const stage = (): Stage => need(run().subject.stage, 'stage');

  describe('a charge without the card’s owner', () => {
    it.each(cardAdvices)('passes on what the bank advises: %s', async (advice) => {
      const cardholder = await makeCardholder(run());
      await stage().setCard(cardholder.cardId, advice);
      const request = aCharge(cardholder);
      const { detail } = await refusalOf(charge(request));
      expect(detail).toMatchObject({ kind: 'declined', code: 'card_declined', adviceCode: advice });
      expect(await find(request)).toMatchObject({ id: detail.paymentId, failure: { adviceCode: advice } });
      await stage().setCard(cardholder.cardId, null);
      expect((await charge(aCharge(cardholder))).status).toBe('succeeded');
    });

    it('is declined where the bank wants to see the owner, and can be ended', async () => {
      const cardholder = await makeCardholder(run());
      await stage().setCard(cardholder.cardId, 'authentication_required');
      const request = aCharge(cardholder);
      const { detail } = await refusalOf(charge(request));
      expect(detail).toMatchObject({
        kind: 'declined',
        code: 'authentication_required',
        declineCode: 'authentication_required',
      });
      const id = need(detail.paymentId, 'payment of the declined try');
      expect(await find(request)).toMatchObject({
        id,
        status: 'requires_payment_method',
        failure: { code: 'authentication_required' },
      });
      expect((await cancel(id)).status).toBe('canceled');
    });

    it('whose call was lost before it arrived is proven absent, and made once under the same key', async () => {
      const request = aCharge(await makeCardholder(run()));
      const options = run().once();
      expect((await refusalOf(stage().whileCut('before', () => charge(request, options)))).kind).toBe('indeterminate');
      expect(await find(request)).toBeNull();
      const { id } = await charge(request, options);
      expect(await paymentsOf(request)).toEqual([id]);
    });

    it('whose answer was lost is found paid, and is the same under the same key', async () => {
      const request = aCharge(await makeCardholder(run()));
      const options = run().once();
      expect((await refusalOf(stage().whileCut('after', () => charge(request, options)))).kind).toBe('indeterminate');
      const found = await find(request);
      expect(found?.status).toBe('succeeded');
      expect(await charge(request, options)).toEqual(found);
      expect(await paymentsOf(request)).toEqual([found?.id]);
    });

    it('whose decline was lost is found declined, with the bank’s reason and advice', async () => {
      const cardholder = await makeCardholder(run());
      await stage().setCard(cardholder.cardId, 'do_not_try_again');
      const request = aCharge(cardholder);
      expect((await refusalOf(stage().whileCut('after', () => charge(request)))).kind).toBe('indeterminate');
      expect(await find(request)).toMatchObject({
        status: 'requires_payment_method',
        failure: { code: 'card_declined', adviceCode: 'do_not_try_again' },
      });
    });
  });
}
