import { describe, expect, it } from 'vitest';
import type { ProviderSubscription, ScheduledChange } from '../../../src/providers/subscription-ports.ts';
import { attachCard, makeCardholder, makeCustomer } from './cardholders.ts';
import { type ContractRun, need, refusalOf, type Stage } from './contract-run.ts';
import { subscriberTools } from './subscribers.ts';

function changeTools(run: () => ContractRun) {
  const { subscriptions, makePrice, lineOf } = subscriberTools(run);
  return {
    /** What a subscription becomes with its next period: another price, by the month. */
    changeTo: async (subscription: ProviderSubscription, amount: string): Promise<ScheduledChange> => {
      const changeId = run().name('change');
      return {
        id: subscription.id,
        changeId,
        current: subscription.items,
        periodEnd: need(subscription.items[0], 'item').periodEnd,
        next: [lineOf(await makePrice(amount))],
        nextMonths: 1,
        applicationFeePercent: null,
        metadata: { baisa_subscription_change: changeId },
      };
    },
    begin: (id: string) => subscriptions().beginSchedule(run().account, id, run().once()),
    schedule: (scheduleId: string, change: ScheduledChange) =>
      subscriptions().schedule(run().account, scheduleId, change, run().once()),
    release: (scheduleId: string) => subscriptions().releaseSchedule(run().account, scheduleId, run().once()),
  };
}

export function describeSubscriptions(run: () => ContractRun): void {
  const { subscriptions, makePrice, lineOf, requestOf, create, retrieve, subscribe } = subscriberTools(run);
  const { changeTo, begin, schedule, release } = changeTools(run);

  describe('a subscription by a saved card', () => {
    it('is active at once, names ours, and is read and found as it was answered', async () => {
      const cardholder = await makeCardholder(run());
      const lines = [lineOf(await makePrice('20.00')), lineOf(await makePrice('5.00'), 3)];
      const request = requestOf(cardholder, lines);
      const made = await create(request);
      expect(made).toMatchObject({
        status: 'active',
        providerCustomerId: cardholder.providerCustomerId,
        defaultCardId: cardholder.cardId,
        metadata: { baisa_customer: 'client_contract', baisa_subscription: request.subscriptionId },
        trialEndsAt: null,
        cancelAt: null,
        endedAt: null,
        scheduleId: null,
      });
      expect(made.items.map(({ priceId, quantity }) => ({ priceId, quantity }))).toEqual(
        lines.map(({ priceId, quantity }) => ({ priceId, quantity })),
      );
      for (const { periodStart, periodEnd } of made.items) {
        expect(periodStart).toEqual(made.anchorAt);
        expect(periodEnd.getTime()).toBeGreaterThan(periodStart.getTime());
      }
      expect(await retrieve(made.id)).toEqual(made);
      const find = (id: string) => subscriptions().find(run().account, cardholder.providerCustomerId, id);
      expect(await find(request.subscriptionId)).toEqual(made);
      expect(await find(run().name('absent'))).toBeNull();
    });

    it('is made once when one key is sent twice', async () => {
      const request = requestOf(await makeCardholder(run()), [lineOf(await makePrice('20.00'))]);
      const options = run().once();
      const first = await create(request, options);
      expect((await create(request, options)).id).toBe(first.id);
    });

    it('that the bank declines is not there at all', async () => {
      const request = requestOf(await makeCardholder(run(), 'fails'), [lineOf(await makePrice('20.00'))]);
      expect((await refusalOf(create(request))).detail).toMatchObject({
        kind: 'declined',
        declineCode: expect.any(String),
      });
      const { providerCustomerId, subscriptionId } = request;
      const { cardSubscriptions } = run().subject.provider;
      const found = await cardSubscriptions?.find(run().account, providerCustomerId, subscriptionId);
      expect(found ?? null).toBeNull();
    });

    it('of a price that is not there is refused, and that is no decline', async () => {
      const request = requestOf(await makeCardholder(run()), [lineOf('price_absent')]);
      expect((await refusalOf(create(request))).kind).toBe('invalid');
    });

    it('begins with its trial, which nothing is paid for', async () => {
      const request = requestOf(await makeCardholder(run()), [lineOf(await makePrice('20.00'))]);
      const made = await create({ ...request, trialDays: 14 });
      expect(made.status).toBe('trialing');
      expect(made.trialEndsAt).toEqual(made.items[0]?.periodEnd);
    });

    it('ends with its period, and goes on after all', async () => {
      const made = await subscribe();
      const end = (cancel: boolean) => subscriptions().endWithPeriod(run().account, made.id, cancel, run().once());
      expect(await end(true)).toMatchObject({ status: 'active', cancelAt: made.items[0]?.periodEnd });
      expect(await end(false)).toMatchObject({ status: 'active', cancelAt: null });
    });

    it('ends at once, and is answered as it is when it is ended again', async () => {
      const { id } = await subscribe();
      const cancel = () => subscriptions().cancel(run().account, id, run().once());
      const ended = await cancel();
      expect(ended).toMatchObject({ status: 'canceled', endedAt: expect.any(Date) });
      expect(await cancel()).toEqual(ended);
    });

    it('is charged to another card from then on', async () => {
      const made = await subscribe();
      const cardId = await attachCard(run(), made.providerCustomerId);
      const changed = await subscriptions().setDefaultCard(run().account, made.id, cardId, run().once());
      expect(changed.defaultCardId).toBe(cardId);
      const foreign = (await makeCardholder(run())).cardId;
      const refused = subscriptions().setDefaultCard(run().account, made.id, foreign, run().once());
      expect((await refusalOf(refused)).kind).toBe('invalid');
    });

    it('that is not there is neither read nor ended', async () => {
      expect((await refusalOf(retrieve('sub_absent'))).kind).toBe('invalid');
      const cancel = subscriptions().cancel(run().account, 'sub_absent', run().once());
      expect((await refusalOf(cancel)).kind).toBe('invalid');
    });
  });

  describe('what a subscription becomes', () => {
    it('is scheduled without changing it, and replaced by what is scheduled next', async () => {
      const made = await subscribe();
      const { scheduleId } = await begin(made.id);
      expect(await begin(made.id)).toEqual({ scheduleId });
      for (const amount of ['50.00', '60.00']) {
        const scheduled = await schedule(scheduleId, await changeTo(made, amount));
        expect(scheduled).toEqual({ ...made, scheduleId });
      }
    });

    it('is taken back once and again', async () => {
      const made = await subscribe();
      const { scheduleId } = await begin(made.id);
      await schedule(scheduleId, await changeTo(made, '50.00'));
      await release(scheduleId);
      expect(await retrieve(made.id)).toEqual(made);
      await expect(release(scheduleId)).resolves.toBeUndefined();
      expect((await begin(made.id)).scheduleId).not.toBe(scheduleId);
    });
  });
}

/** What every provider has that sells subscriptions: they begin on its page. */
export function describeSubscriptionSessions(run: () => ContractRun): void {
  const { makePrice, lineOf, requestOf } = subscriberTools(run);
  const subscriptions = () => need(run().subject.provider.subscriptions, 'subscriptions');

  describe('a hosted session in which a client subscribes', () => {
    it('is open at an address, and is found by its reference only', async () => {
      const providerCustomerId = await makeCustomer(run());
      const reference = run().name('session');
      const { subscriptionId, metadata, lines, trialDays, applicationFeePercent } = requestOf(
        { providerCustomerId, cardId: 'none' },
        [lineOf(await makePrice('20.00'))],
      );
      const session = await subscriptions().createSession(
        run().account,
        {
          ...{ subscriptionId, metadata, providerCustomerId, lines, trialDays, applicationFeePercent, reference },
          successUrl: 'https://baisa.example/subscribed',
          cancelUrl: 'https://baisa.example/cancelled',
          expiresAt: new Date(run().now().getTime() + 3_600_000),
        },
        run().once(),
      );
      expect(session).toMatchObject({ status: 'open', url: expect.stringMatching(/^https?:/) });
      const find = (name: string) => subscriptions().findSession(run().account, providerCustomerId, name);
      expect(await find(reference)).toEqual(session);
      expect(await find(run().name('absent'))).toBeNull();
      // Nothing is sold before it is paid.
      const { cardSubscriptions } = run().subject.provider;
      const found = await cardSubscriptions?.find(run().account, providerCustomerId, subscriptionId);
      expect(found ?? null).toBeNull();
    });
  });
}

export function describeStagedSubscriptions(run: () => ContractRun): void {
  const { subscriptions, makePrice, lineOf, requestOf, create, retrieve, subscribe } = subscriberTools(run);
  const { changeTo, begin, schedule, release } = changeTools(run);
  const stage = (): Stage => need(run().subject.stage, 'stage');
  const route = '/v1/subscriptions';

  describe('a subscription by a saved card', () => {
    it('whose call was lost before it arrived is proven absent, and made once under the same key', async () => {
      const request = requestOf(await makeCardholder(run()), [lineOf(await makePrice('20.00'))]);
      const options = run().once();
      const find = () => subscriptions().find(run().account, request.providerCustomerId, request.subscriptionId);
      const lost = stage().whileCut('before', () => create(request, options), route);
      expect((await refusalOf(lost)).kind).toBe('indeterminate');
      expect(await find()).toBeNull();
      expect(await create(request, options)).toEqual(await find());
    });

    it('whose answer was lost is found, and is the same under the same key', async () => {
      const request = requestOf(await makeCardholder(run()), [lineOf(await makePrice('20.00'))]);
      const options = run().once();
      const lost = stage().whileCut('after', () => create(request, options), route);
      expect((await refusalOf(lost)).kind).toBe('indeterminate');
      const found = await subscriptions().find(run().account, request.providerCustomerId, request.subscriptionId);
      expect(found?.status).toBe('active');
      expect(await create(request, options)).toEqual(found);
    });

    it('renews with its period, is past due while its card fails, and is active once it is paid', async () => {
      const made = await subscribe();
      const card = need(made.defaultCardId ?? undefined, 'card');
      await stage().advanceClock('32d');
      const renewed = await retrieve(made.id);
      expect(renewed).toMatchObject({ status: 'active', anchorAt: made.anchorAt });
      expect(renewed.items[0]?.periodStart).toEqual(made.items[0]?.periodEnd);
      await stage().setCard(card, 'try_again_later');
      await stage().advanceClock('31d');
      expect((await retrieve(made.id)).status).toBe('past_due');
      await stage().setCard(card, null);
      await stage().advanceClock('8d');
      expect((await retrieve(made.id)).status).toBe('active');
    });

    it('is what was scheduled from its next period on, and then its own master again', async () => {
      const made = await subscribe();
      const { scheduleId } = await begin(made.id);
      const change = await changeTo(made, '50.00');
      await schedule(scheduleId, change);
      await stage().advanceClock('32d');
      const changed = await retrieve(made.id);
      expect(changed).toMatchObject({ status: 'active', metadata: change.metadata });
      expect(changed.items.map(({ priceId }) => priceId)).toEqual(change.next.map(({ priceId }) => priceId));
      expect(changed.items[0]?.periodStart).toEqual(made.items[0]?.periodEnd);
      await stage().advanceClock('32d');
      expect((await retrieve(made.id)).scheduleId).toBeNull();
      await expect(release(scheduleId)).resolves.toBeUndefined();
    });

    it('that was to end with its period has ended then', async () => {
      const made = await subscribe();
      await subscriptions().endWithPeriod(run().account, made.id, true, run().once());
      await stage().advanceClock('32d');
      expect(await retrieve(made.id)).toMatchObject({ status: 'canceled', endedAt: made.items[0]?.periodEnd });
    });
  });
}
