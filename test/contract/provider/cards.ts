import { describe, expect, it } from 'vitest';
import type { CardsPort, SetupSessionRequest } from '../../../src/providers/card-ports.ts';
import { attachCard, makeCardholder, makeCustomer } from './cardholders.ts';
import { type CardHands, type ContractRun, need, refusalOf, type Stage } from './contract-run.ts';

const minuteMs = 60_000;

function cardTools(run: () => ContractRun) {
  const cards = (): CardsPort => need(run().subject.provider.cards, 'cards');

  const aSetup = (providerCustomerId: string): SetupSessionRequest => {
    const checkout = need(run().subject.provider.checkout, 'checkout');
    const reference = run().name('setup');
    return {
      reference,
      metadata: { baisa_setup: reference },
      providerCustomerId,
      currency: run().subject.currency,
      successUrl: 'https://example.com/done',
      cancelUrl: 'https://example.com/back',
      expiresAt: new Date(run().now().getTime() + checkout.sessionLifetimeMs.min + 5 * minuteMs),
    };
  };

  async function openSetup(request: SetupSessionRequest, options = run().once()) {
    const session = await cards().createSetupSession(run().account, request, options);
    const checkout = need(run().subject.provider.checkout, 'checkout');
    run().undoLater(() => checkout.expireSession(run().account, session.id, run().once()));
    return session;
  }

  return { cards, aSetup, openSetup };
}

export function describeCards(run: () => ContractRun): void {
  const { cards, aSetup, openSetup } = cardTools(run);
  const hands = (): CardHands => need(run().subject.cards, 'hands for cards');
  const retrieve = (cardId: string) => cards().retrieve(run().account, cardId);
  const detach = (cardId: string) => cards().detach(run().account, cardId, run().once());

  describe('a session that saves a card', () => {
    it('says where to go and until when, and is for no payment', async () => {
      const request = aSetup(await makeCustomer(run()));
      const session = await openSetup(request);
      expect(session).toMatchObject({ status: 'open', url: expect.stringMatching(/^https?:\/\//), paymentId: null });
      expect(Math.abs(session.expiresAt.getTime() - request.expiresAt.getTime())).toBeLessThan(1_000);
    });

    it('is opened once when one key is sent twice', async () => {
      const request = aSetup(await makeCustomer(run()));
      const options = run().once();
      const first = await openSetup(request, options);
      await expect(cards().createSetupSession(run().account, request, options)).resolves.toMatchObject({
        id: first.id,
        url: first.url,
      });
    });

    it('is found when its call was lost, by our id', async () => {
      const customer = await makeCustomer(run());
      const request = aSetup(customer);
      await openSetup(aSetup(customer));
      const find = () => cards().findSetupSession(run().account, customer, request.reference);
      await expect(find()).resolves.toBeNull();
      const session = await openSetup(request);
      await expect(find()).resolves.toMatchObject({ id: session.id, status: 'open' });
    });

    it('that is not there has no setup to read', async () => {
      expect((await refusalOf(cards().retrieveSetup(run().account, 'seti_absent'))).kind).toBe('invalid');
    });
  });

  describe('a saved card', () => {
    it('is read back without its number, and with its owner', async () => {
      const { providerCustomerId, cardId } = await makeCardholder(run());
      const card = await retrieve(cardId);
      expect(card).toMatchObject({ id: cardId, brand: 'visa', last4: '4242', funding: 'credit', providerCustomerId });
      expect(card?.expMonth).toBeGreaterThanOrEqual(1);
      expect(card?.expMonth).toBeLessThanOrEqual(12);
      expect(card?.expYear).toBeGreaterThanOrEqual(run().now().getUTCFullYear());
      expect(card?.country).toMatch(/^[A-Z]{2}$/);
      await expect(cards().list(run().account, providerCustomerId)).resolves.toEqual([card]);
    });

    it('that is not there is null', async () => {
      await expect(retrieve('pm_absent')).resolves.toBeNull();
    });

    it('has the fingerprint of its number, whoever saved it', async () => {
      const [first, again, other] = [
        await makeCardholder(run()),
        await makeCardholder(run()),
        await makeCardholder(run(), 'fails'),
      ];
      const fingerprint = async ({ cardId }: { cardId: string }) => (await retrieve(cardId))?.fingerprint;
      expect(await fingerprint(first)).toBe(await fingerprint(again));
      expect(await fingerprint(first)).not.toBe(await fingerprint(other));
    });

    it('is listed for its owner only', async () => {
      const { providerCustomerId, cardId } = await makeCardholder(run());
      const second = await attachCard(run(), providerCustomerId, 'fails');
      await makeCardholder(run());
      const listed = await cards().list(run().account, providerCustomerId);
      expect(listed.map(({ id }) => id).sort()).toEqual([cardId, second].sort());
    });

    it('becomes the one that the provider charges, and gives way to another', async () => {
      const { providerCustomerId, cardId } = await makeCardholder(run());
      expect(await hands().defaultOf(providerCustomerId)).toBeNull();
      const second = await attachCard(run(), providerCustomerId);
      for (const id of [cardId, second]) {
        await cards().setDefault(run().account, providerCustomerId, id, run().once());
        expect(await hands().defaultOf(providerCustomerId)).toBe(id);
      }
    });

    it('of another customer does not become the default', async () => {
      const { providerCustomerId, cardId } = await makeCardholder(run());
      const { cardId: foreign } = await makeCardholder(run());
      await cards().setDefault(run().account, providerCustomerId, cardId, run().once());
      const refusal = await refusalOf(cards().setDefault(run().account, providerCustomerId, foreign, run().once()));
      expect(refusal.kind).toBe('invalid');
      expect(await hands().defaultOf(providerCustomerId)).toBe(cardId);
    });

    it('is nobody’s once it is detached, and may be detached again', async () => {
      const { providerCustomerId, cardId } = await makeCardholder(run());
      await cards().setDefault(run().account, providerCustomerId, cardId, run().once());
      await detach(cardId);
      await detach(cardId);
      await expect(retrieve(cardId)).resolves.toMatchObject({ id: cardId, providerCustomerId: null });
      await expect(cards().list(run().account, providerCustomerId)).resolves.toEqual([]);
      expect(await hands().defaultOf(providerCustomerId)).toBeNull();
    });
  });
}

export function describeStagedCards(run: () => ContractRun): void {
  const { cards, aSetup, openSetup } = cardTools(run);
  const stage = (): Stage => need(run().subject.stage, 'stage');

  async function opened() {
    const customer = await makeCustomer(run());
    const request = aSetup(customer);
    const { id: sessionId } = await openSetup(request);
    const setupId = await stage().setupOf(sessionId);
    return {
      sessionId,
      known: { id: setupId, providerCustomerId: customer, metadata: request.metadata },
      setup: () => cards().retrieveSetup(run().account, setupId),
      list: () => cards().list(run().account, customer),
      found: () => cards().findSetupSession(run().account, customer, request.reference),
    };
  }

  describe('a setup', () => {
    it('names its card once that is saved, its customer and what we marked it with', async () => {
      const { sessionId, known, setup, list, found } = await opened();
      expect(await setup()).toEqual({ ...known, status: 'open', cardId: null });
      await stage().fillIn(sessionId, 'pays');
      const [card] = await list();
      expect(card).toMatchObject({ brand: 'visa', last4: '4242', providerCustomerId: known.providerCustomerId });
      expect(await setup()).toEqual({ ...known, status: 'succeeded', cardId: card?.id });
      expect(await found()).toMatchObject({ id: sessionId, status: 'complete', url: null, paymentId: null });
    });

    it('saves a card that asks for authentication when its owner gives it, and not before', async () => {
      const { sessionId, known, setup, list } = await opened();
      await stage().fillIn(sessionId, 'asks');
      expect(await setup()).toEqual({ ...known, status: 'open', cardId: null });
      await stage().fillIn(sessionId, 'asks', 'fail');
      expect(await setup()).toEqual({ ...known, status: 'open', cardId: null });
      expect(await list()).toEqual([]);
      await stage().fillIn(sessionId, 'asks', 'complete');
      expect(await setup()).toEqual({ ...known, status: 'succeeded', cardId: (await list())[0]?.id });
    });

    it('stays open when the card is declined, and then saves another', async () => {
      const { sessionId, known, setup, list, found } = await opened();
      await stage().fillIn(sessionId, 'declined');
      expect(await setup()).toEqual({ ...known, status: 'open', cardId: null });
      expect(await list()).toEqual([]);
      expect(await found()).toMatchObject({ status: 'open' });
      await stage().fillIn(sessionId, 'pays');
      expect(await setup()).toMatchObject({ status: 'succeeded', cardId: (await list())[0]?.id });
    });
  });
}
