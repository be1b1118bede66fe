import { describe, expect, it } from 'vitest';
import type { HoldRequest, HoldsPort, ProviderHold } from '../../../src/providers/card-ports.ts';
import { type Cardholder, makeCardholder } from './cardholders.ts';
import { type CardHands, type ContractRun, need, refusalOf, type Stage } from './contract-run.ts';

function holdTools(run: () => ContractRun) {
  const holds = (): HoldsPort => need(run().subject.provider.holds, 'holds');

  const aHold = (cardholder: Cardholder): HoldRequest => ({
    holdId: run().name('hold'),
    metadata: { baisa_agency: 'agency_1' },
    ...cardholder,
    amount: run().money('1.00'),
    description: 'Temporary hold, not a charge',
    returnUrl: 'https://example.com/verified',
  });

  const release = (id: string): Promise<ProviderHold> => holds().release(run().account, id, run().once());

  async function place(request: HoldRequest, options = run().once()): Promise<ProviderHold> {
    const hold = await holds().place(run().account, request, options);
    run().undoLater(() => release(hold.id));
    return hold;
  }

  const retrieve = (id: string): Promise<ProviderHold> => holds().retrieve(run().account, id);

  const find = ({ providerCustomerId, holdId }: HoldRequest): Promise<ProviderHold | null> =>
    holds().find(run().account, providerCustomerId, holdId);

  return { aHold, place, release, retrieve, find };
}

export function describeHolds(run: () => ContractRun): void {
  const { aHold, place, release, retrieve, find } = holdTools(run);
  const hands = (): CardHands => need(run().subject.cards, 'hands for cards');

  describe('a hold', () => {
    it('sets its amount aside, says until when, and is read and found as it was answered', async () => {
      const request = aHold(await makeCardholder(run()));
      const hold = await place(request);
      expect(hold).toMatchObject({
        status: 'placed',
        metadata: { ...request.metadata, baisa_hold: request.holdId, baisa_purpose: 'verification' },
        actionUrl: null,
        failure: null,
      });
      expect(hold.amount.equals(request.amount)).toBe(true);
      expect(hold.expiresAt?.getTime()).toBeGreaterThan(run().now().getTime());
      expect(await retrieve(hold.id)).toEqual(hold);
      expect(await find(request)).toEqual(hold);
    });

    it('is placed once when one key is sent twice', async () => {
      const request = aHold(await makeCardholder(run()));
      const options = run().once();
      const first = await place(request, options);
      expect((await place(request, options)).id).toBe(first.id);
      expect(await hands().paymentsOf(request.providerCustomerId)).toEqual([first.id]);
    });

    it('is found by its own id only', async () => {
      const cardholder = await makeCardholder(run());
      await place(aHold(cardholder));
      expect(await find(aHold(cardholder))).toBeNull();
    });

    it('is released, and answered as it is when it is released again', async () => {
      const request = aHold(await makeCardholder(run()));
      const { id } = await place(request);
      expect((await release(id)).status).toBe('released');
      expect((await release(id)).status).toBe('released');
      expect((await retrieve(id)).status).toBe('released');
      expect(await find(request)).toMatchObject({ id, status: 'released' });
    });

    it('that the bank declines fails with its reason, and leaves nothing that could be paid once it is released', async () => {
      const request = aHold(await makeCardholder(run(), 'fails'));
      const { detail } = await refusalOf(place(request));
      expect(detail).toMatchObject({
        kind: 'declined',
        code: 'card_declined',
        declineCode: expect.any(String),
        paymentId: expect.any(String),
      });
      const found = need((await find(request)) ?? undefined, 'hold of the declined try');
      expect(found).toMatchObject({
        id: detail.paymentId,
        status: 'failed',
        failure: { code: 'card_declined', declineCode: detail.declineCode },
      });
      // Nothing was ever set aside.
      expect((await release(found.id)).status).toBe('failed');
    });

    it('is not placed on another customer’s card', async () => {
      const [owner, other] = [await makeCardholder(run()), await makeCardholder(run())];
      expect((await refusalOf(place({ ...aHold(owner), cardId: other.cardId }))).kind).toBe('invalid');
    });

    it('that is not there is neither read nor released', async () => {
      expect((await refusalOf(retrieve('pi_absent'))).kind).toBe('invalid');
      expect((await refusalOf(release('pi_absent'))).kind).toBe('invalid');
    });
  });
}

export function describeStagedHolds(run: () => ContractRun): void {
  const { aHold, place, release, retrieve, find } = holdTools(run);
  const stage = (): Stage => need(run().subject.stage, 'stage');
  const hands = (): CardHands => need(run().subject.cards, 'hands for cards');

  async function asking(): Promise<ProviderHold> {
    const cardholder = await makeCardholder(run());
    await stage().setCard(cardholder.cardId, 'authentication_required');
    return place(aHold(cardholder));
  }

  describe('a hold', () => {
    it('is placed once its owner authenticated, and says where that is done', async () => {
      const hold = await asking();
      expect(hold).toMatchObject({
        status: 'action_required',
        actionUrl: expect.stringMatching(/^https?:\/\//),
        expiresAt: null,
      });
      await stage().authenticate(hold.id, 'complete');
      expect(await retrieve(hold.id)).toMatchObject({ status: 'placed', actionUrl: null, expiresAt: expect.any(Date) });
      expect((await release(hold.id)).status).toBe('released');
    });

    it('fails when its owner does not authenticate', async () => {
      const { id } = await asking();
      await stage().authenticate(id, 'fail');
      expect(await retrieve(id)).toMatchObject({
        status: 'failed',
        actionUrl: null,
        failure: { declineCode: 'authentication_required' },
      });
    });

    it('ends with nothing held while its owner is still asked', async () => {
      const { id } = await asking();
      expect(await release(id)).toMatchObject({ status: 'failed', actionUrl: null });
    });

    it('expires by itself when its time is over, and is then answered as it is', async () => {
      const request = aHold(await makeCardholder(run()));
      const { id, expiresAt } = await place(request);
      await stage().advanceClock('6d');
      expect((await retrieve(id)).status).toBe('placed');
      await stage().advanceClock('2d');
      expect(run().now().getTime()).toBeGreaterThan(need(expiresAt ?? undefined, 'end of the hold').getTime());
      expect((await retrieve(id)).status).toBe('expired');
      expect((await release(id)).status).toBe('expired');
      expect(await find(request)).toMatchObject({ id, status: 'expired' });
    });

    it('whose call was lost before it arrived is proven absent, and placed once under the same key', async () => {
      const request = aHold(await makeCardholder(run()));
      const options = run().once();
      expect((await refusalOf(stage().whileCut('before', () => place(request, options)))).kind).toBe('indeterminate');
      expect(await find(request)).toBeNull();
      const { id } = await place(request, options);
      expect(await hands().paymentsOf(request.providerCustomerId)).toEqual([id]);
    });

    it('whose answer was lost is found placed, and is the same under the same key', async () => {
      const request = aHold(await makeCardholder(run()));
      const options = run().once();
      expect((await refusalOf(stage().whileCut('after', () => place(request, options)))).kind).toBe('indeterminate');
      const found = await find(request);
      expect(found?.status).toBe('placed');
      expect(await place(request, options)).toEqual(found);
      expect(await hands().paymentsOf(request.providerCustomerId)).toEqual([found?.id]);
    });

    it('whose release was lost is released, and answers so when it is asked again', async () => {
      const { id } = await place(aHold(await makeCardholder(run())));
      expect((await refusalOf(stage().whileCut('after', () => release(id)))).kind).toBe('indeterminate');
      expect((await retrieve(id)).status).toBe('released');
      expect((await release(id)).status).toBe('released');
    });
  });
}
