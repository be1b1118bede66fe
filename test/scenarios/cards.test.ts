import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { cards } from '../../src/commands/sandbox-client.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { type CardClient, cardWorld } from './card-world.ts';

const portalToken = z.object({ token: z.string() });

let service: TestService;
let world: ReturnType<typeof cardWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = cardWorld(service);
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(() => service.stop());

/** A hold is no payment: nothing of the client's was ever credited or drawn, and nothing stands at the provider. */
async function expectNoMoneyMoved(client: CardClient): Promise<void> {
  expect(await service.balance(client.id)).toBe('0.00');
  expect(await service.ledger(client.id)).toEqual([]);
  expect(await world.standingHolds()).toEqual([]);
}

describe('a card that is saved', () => {
  it('is verified by a hold of 0.390 OMR that is released at once, and becomes the first default', async () => {
    const client = await world.client();
    const card = await world.save(client);
    expect(card).toMatchObject({ brand: 'visa', last4: '4242', status: 'verified', isDefault: true });
    const { message } = await world.hold(client);
    expect(message).toMatch(/temporary hold .* released; nothing was taken/);
    expect(await world.hold(client)).toMatchObject({
      status: 'released',
      paymentMethodId: card.id,
      amount: { amount: '0.390', currency: 'OMR' },
    });
    const [payment, ...others] = await world.payments(client);
    expect(payment).toMatchObject({ status: 'canceled', amount: 390, currency: 'omr', amount_received: 0 });
    expect(others).toEqual([]);
    const customer = typeof payment?.customer === 'string' ? payment.customer : (payment?.customer?.id ?? '');
    expect(await world.stripe().customers.retrieve(customer)).toMatchObject({
      invoice_settings: { default_payment_method: expect.stringMatching(/^pm_/) },
    });
    await expectNoMoneyMoved(client);
  });

  it('is the same session when the request is repeated', async () => {
    const client = await world.client();
    expect(await world.startSetup(client, 'again')).toBe(await world.startSetup(client, 'again'));
  });

  it('cannot become the default where its verification failed, and can be tried again', async () => {
    const client = await world.client();
    const card = await world.save(client, { card: '4000000000000341' });
    expect(card).toMatchObject({ status: 'failed', isDefault: false });
    expect(await world.hold(client)).toMatchObject({ status: 'failed', failure: { declineCode: 'generic_decline' } });
    expect(await world.makeDefault(client, card.id)).toMatchObject({
      status: 409,
      body: { code: 'card_not_verified' },
    });

    await service.sandbox.setCard(card.fingerprint, 'succeed');
    expect((await world.verifyAgain(client, card.id)).status).toBe(201);
    await service.idle();
    await service.sandbox.setCard(card.fingerprint, null);
    expect(await world.card(client, card.id)).toMatchObject({ status: 'verified', isDefault: true });
    expect(await world.verifyAgain(client, card.id)).toMatchObject({
      status: 409,
      body: { code: 'card_already_verified' },
    });
    await expectNoMoneyMoved(client);
  });

  it('leads the client to its bank where that asks, and is verified when the client confirmed', async () => {
    const client = await world.client();
    const card = await world.save(client, { card: '4000002760003184', authenticate: 'complete' });
    expect(card.status).toBe('saved');
    const asked = await world.hold(client);
    expect(asked).toMatchObject({
      status: 'action_required',
      actionUrl: expect.stringContaining('/pay/authenticate/'),
    });
    const notices = await service.api.call('GET', `/v1/notices?customerId=${client.id}`);
    expect(notices.body).toMatchObject({ data: [{ kind: 'card_confirmation' }] });

    const [payment] = await world.payments(client);
    await service.sandbox.authenticate(payment?.id ?? '', 'complete');
    await service.idle();
    expect(await world.hold(client)).toMatchObject({ status: 'released', actionUrl: null });
    expect(await world.card(client, card.id)).toMatchObject({ status: 'verified', isDefault: true });
    await expectNoMoneyMoved(client);
  });

  it('stays unverified where the client never answered its bank, and nothing is held', async () => {
    const client = await world.client();
    const card = await world.save(client, { card: '4000002760003184', authenticate: 'complete' });
    await service.sandbox.advanceClock('2d');
    expect(await world.hold(client)).toMatchObject({ status: 'failed' });
    expect(await world.card(client, card.id)).toMatchObject({ status: 'failed', isDefault: false });
    expect((await world.payments(client)).map(({ status }) => status)).toEqual(['canceled']);
    await expectNoMoneyMoved(client);
  });

  it('is one of several: the default is another when the client says so, and the provider is told', async () => {
    const client = await world.client();
    const first = await world.save(client);
    const second = await world.save(client, { card: cards.mastercard });
    expect(second).toMatchObject({ status: 'verified', isDefault: false });
    expect((await world.makeDefault(client, second.id)).status).toBe(200);
    await service.idle();
    expect(await world.card(client, first.id)).toMatchObject({ isDefault: false });
    expect(await world.card(client, second.id)).toMatchObject({ isDefault: true });

    expect(await world.remove(client, second.id)).toMatchObject({ status: 409, body: { code: 'card_is_default' } });
    expect((await world.remove(client, second.id, first.id)).status).toBe(204);
    await service.idle();
    expect(await world.cards(client)).toEqual([expect.objectContaining({ id: first.id, isDefault: true })]);
    const [payment] = await world.payments(client);
    const customer = typeof payment?.customer === 'string' ? payment.customer : '';
    const kept = await world.stripe().paymentMethods.list({ customer });
    expect(kept.data.map(({ card }) => card?.last4)).toEqual(['4242']);
  });

  it('follows what the provider does with it: removed there, it is removed here', async () => {
    const client = await world.client();
    await world.save(client);
    const [payment] = await world.payments(client);
    await world.stripe().paymentMethods.detach(String(payment?.payment_method));
    await service.idle();
    expect(await world.cards(client)).toEqual([]);
  });

  it('is of its client alone: another one can neither see, use nor remove it', async () => {
    const client = await world.client();
    const card = await world.save(client);
    const other = await world.beside(client);
    for (const answer of [
      await world.makeDefault(other, card.id),
      await world.remove(other, card.id),
      await world.verifyAgain(other, card.id),
      await world.remove(client, card.id, 'pm_of_somebody'),
    ]) {
      expect(answer.status).toBe(404);
    }
    expect(await world.cards(other)).toEqual([]);
    expect(await world.card(client, card.id)).toMatchObject({ isDefault: true });
  });
});

describe('a verification, whatever happens on the way,', () => {
  it('ends the same when every delivery comes four times, late and out of order', async () => {
    await service.sandbox.setFaults({ duplicateDeliveries: 3, delayDeliveriesMs: 3_600_000, reorderDeliveries: true });
    const client = await world.client();
    await service.sandbox.pay(await world.startSetup(client), { card: cards.visa });
    await service.sandbox.advanceClock('6h');
    await service.sandbox.advanceClock('6h');
    expect(await world.cards(client)).toEqual([expect.objectContaining({ status: 'verified', isDefault: true })]);
    expect((await world.holds(client)).map(({ status }) => status)).toEqual(['released']);
    expect(await world.payments(client)).toHaveLength(1);
    await expectNoMoneyMoved(client);
  });

  it('touches no balance where a release surfaces as a refund', async () => {
    await service.sandbox.setFaults({ holdReleaseSurfacesAsRefund: true, reorderDeliveries: true, seed: 3 });
    const client = await world.client();
    expect(await world.save(client)).toMatchObject({ status: 'verified' });
    const refunds = await world.stripe().events.list({ type: 'charge.refunded' });
    expect(refunds.data).toHaveLength(1);
    await expectNoMoneyMoved(client);
  });

  it.each(['before', 'after'] as const)(
    'places one hold when every connection is cut %s the call takes effect',
    async (cut) => {
      const client = await world.client();
      const session = await world.startSetup(client);
      await service.sandbox.setFaults({ api: { cut, route: '/v1/payment_intents', method: 'POST' } });
      await service.sandbox.pay(session, { card: cards.visa });
      await service.idle();
      expect(await world.payments(client)).toHaveLength(cut === 'after' ? 1 : 0);

      await service.sandbox.setFaults({});
      await service.sandbox.advanceClock('10m');
      expect((await world.hold(client)).status).toBe('released');
      expect(await world.payments(client)).toHaveLength(1);
      await expectNoMoneyMoved(client);
    },
  );

  it('lets go of a hold whose release was refused for a while, and raises an alarm after a day', async () => {
    const client = await world.client();
    const session = await world.startSetup(client);
    await service.sandbox.setFaults({ api: { status: 500, routeEnd: '/cancel', method: 'POST' } });
    await service.sandbox.pay(session, { card: cards.visa });
    await service.idle();
    expect((await world.hold(client)).status).toBe('placed');
    expect(await world.standingHolds()).toHaveLength(1);
    await service.sandbox.advanceClock('27h');
    expect(await service.metric('baisa_alerts_open', { kind: 'hold_not_released' })).toBe(1);

    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('10m');
    expect((await world.hold(client)).status).toBe('released');
    await expectNoMoneyMoved(client);
  });

  it('ends with the card verified where the bank lets go of the hold by itself', async () => {
    const client = await world.client();
    const session = await world.startSetup(client);
    await service.sandbox.setFaults({ api: { status: 500, routeEnd: '/cancel', method: 'POST' } });
    await service.sandbox.pay(session, { card: cards.visa });
    await service.idle();
    await service.sandbox.advanceClock('8d');
    expect((await world.hold(client)).status).toBe('expired');
    expect(await world.cards(client)).toEqual([expect.objectContaining({ status: 'verified' })]);
    await expectNoMoneyMoved(client);
  });
});

describe('cards are not for trying', () => {
  it('lets a client begin ten times a day to save a card', async () => {
    const client = await world.client();
    for (let time = 0; time < 10; time += 1) await world.startSetup(client);
    const eleventh = await client.agency.call('POST', '/v1/checkout-sessions', {
      idempotencyKey: 'the eleventh',
      body: { customerId: client.id, kind: 'card' },
    });
    expect(eleventh).toMatchObject({ status: 429, body: { code: 'too_many_card_attempts' } });
    await service.sandbox.advanceClock('25h');
    await world.startSetup(client);
  });

  it('holds one card five times a day, whoever of an agency’s clients saved it', async () => {
    const client = await world.client();
    const card = await world.save(client, { card: '4000000000000341' });
    for (let time = 0; time < 4; time += 1) {
      expect((await world.verifyAgain(client, card.id)).status).toBe(201);
      await service.idle();
    }
    const neighbour = await world.beside(client);
    const same = await world.save(neighbour, { card: '4000000000000341' });
    expect(same).toMatchObject({ status: 'saved', fingerprint: card.fingerprint });
    expect(await world.verifyAgain(neighbour, same.id)).toMatchObject({
      status: 429,
      body: { code: 'too_many_card_attempts' },
    });
  });

  it('lets one address begin twenty times an hour, whoever asks there, and never counts an agency’s own systems', async () => {
    const first = await world.client();
    const clients = [first, await world.beside(first), await world.beside(first)];
    const begin = async ({ id, agency }: CardClient, key: string) => {
      const { token } = await agency.send('POST', `/v1/customers/${id}/portal-tokens`, portalToken, { body: {} });
      return agency.as(token).call('POST', '/v1/checkout-sessions', {
        idempotencyKey: key,
        body: { customerId: id, kind: 'card' },
      });
    };
    const answers = [];
    for (const client of clients) {
      for (let time = 0; time < 7; time += 1) answers.push((await begin(client, `${client.id} ${time}`)).status);
    }
    expect(answers).toEqual([...Array(20).fill(201), 429]);
    await world.startSetup(first);
  });

  it('takes a card from one who pays nothing for it: an amount is refused', async () => {
    const client = await world.client();
    expect(
      await client.agency.call('POST', '/v1/checkout-sessions', {
        idempotencyKey: 'with an amount',
        body: { customerId: client.id, kind: 'card', amount: { amount: '5.00', currency: 'USD' } },
      }),
    ).toMatchObject({ status: 422, body: { code: 'amount_of_card' } });
  });
});

/** Every order of the items. */
const orders = <Item>([first, ...rest]: readonly Item[]): Item[][] =>
  first === undefined
    ? [[]]
    : orders(rest).flatMap((order) => order.map((_, at) => order.toSpliced(at, 0, first)).concat([[...order, first]]));

describe('the events of a card', () => {
  it.each(
    orders(['setup_intent.succeeded', 'checkout.session.completed']).flatMap((saved) =>
      orders(['payment_intent.amount_capturable_updated', 'payment_intent.canceled']).map((held) => [
        ...saved,
        ...held,
      ]),
    ),
  )('save and verify it once when they come as %s, %s, %s, %s, each of them twice', async (...types) => {
    const client = await world.client();
    const session = await world.startSetup(client);
    await service.sandbox.setFaults({ dropDeliveries: 1 });
    await service.sandbox.pay(session, { card: cards.visa });
    await service.idle();
    for (const type of types) {
      const { data } = await world.stripe().events.list({ limit: 100, types: [type] });
      const event = data.find((found) => JSON.stringify(found.data.object).includes(client.id));
      if (!event) throw new Error(`the provider has no ${type} of ${client.id}`);
      for (const id of [event.id, `${event.id}_again`]) {
        expect((await service.deliver(JSON.stringify({ ...event, id }))).status).toBe(200);
      }
      await service.idle();
    }
    expect(await world.cards(client)).toEqual([expect.objectContaining({ status: 'verified', isDefault: true })]);
    expect((await world.holds(client)).map(({ status }) => status)).toEqual(['released']);
    expect(await world.payments(client)).toHaveLength(1);
    await expectNoMoneyMoved(client);
  });

  it('are believed for what the provider’s own object says, whatever they carry', async () => {
    const client = await world.client();
    const { data } = await world.stripe().events.list({ limit: 1, types: ['setup_intent.succeeded'] });
    const [event] = data;
    if (!event) throw new Error('no card was saved so far');
    const stolen = structuredClone(event);
    const body = JSON.stringify(stolen).replaceAll(/"baisa_setup":"[^"]+"/g, '"baisa_setup":"cs_of_nobody"');
    const id = `${event.id}_forged`;
    await service.deliver(JSON.stringify({ ...JSON.parse(body), id }));
    await service.idle();
    // What the provider's own object says is believed, and that names the session it was saved in.
    expect((await service.event(id)).status).toBe('done');
    expect(await world.cards(client)).toEqual([]);
  });
});
