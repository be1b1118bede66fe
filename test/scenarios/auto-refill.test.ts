import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestService, type TestService } from '../support/service.ts';
import { type CardClient, cardWorld, type SavedCard } from './card-world.ts';

let service: TestService;
let world: ReturnType<typeof cardWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = cardWorld(service);
});
afterEach(() => service.sandbox.setFaults({}));
afterAll(() => service.stop());

const usd = (amount: string) => ({ amount, currency: 'USD' });
const settings = { enabled: true, threshold: usd('10.00'), amount: usd('20.00') };

interface Refilled extends CardClient {
  readonly card: SavedCard;
}

/** A client with a verified card and 15 USD, refilled by 20 when it falls below 10. */
async function refilledClient(more: object = {}, existing?: CardClient): Promise<Refilled> {
  const client = existing ?? (await world.client('Refill'));
  const card = await world.save(client);
  const { sessionId } = await service.startTopUp(client.id, '15.00');
  await service.sandbox.pay(sessionId, { card: '4242424242424242' });
  await service.idle();
  expect((await world.setRefill(client, { ...settings, ...more })).status).toBe(200);
  await service.idle();
  return { ...client, card };
}

const charges = async (client: CardClient) =>
  (await world.payments(client)).filter(({ metadata, capture_method }) => {
    return metadata.baisa_order !== undefined && capture_method !== 'manual';
  });

/** Without the first, which was paid on the hosted page. */
const refills = async (client: CardClient) =>
  (await charges(client)).filter(({ description }) => description?.startsWith('Auto-refill') === true);

describe('a balance that falls below its threshold', () => {
  it('is refilled once from the default card, credited by the event, with its receipt', async () => {
    const client = await refilledClient();
    expect(await refills(client)).toEqual([]);
    await world.take(client, '6.00');
    expect(await service.balance(client.id)).toBe('29.00');
    const [charge, ...others] = await refills(client);
    // 20 USD are 7.700 OMR.
    expect(charge).toMatchObject({ status: 'succeeded', amount: 7700, currency: 'omr' });
    expect(others).toEqual([]);
    expect((await service.ledger(client.id)).map(({ code }) => code).sort()).toEqual([
      'adjustment.debit',
      'topup.settle',
      'topup.settle',
    ]);
    expect(await world.refill(client)).toMatchObject({ inFlight: null, refilledThisMonth: { amount: '20.00' } });
  });

  it('is refilled again only when the first refill has settled', async () => {
    const client = await refilledClient();
    await service.sandbox.setFaults({ delayDeliveriesMs: 600_000 });
    await world.take(client, '40.00');
    expect((await world.refill(client)).inFlight).not.toBeNull();
    expect(await refills(client)).toHaveLength(1);
    expect((await world.refill(client)).skips).toEqual([]);
    await world.take(client, '1.00');
    expect(await refills(client)).toHaveLength(1);
    expect((await world.refill(client)).skips).toMatchObject([{ reason: 'refill_in_flight' }]);

    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('11m');
    await service.idle();
    // -26, then -6, then 14.
    expect(await service.balance(client.id)).toBe('14.00');
    expect(await refills(client)).toHaveLength(2);
  });

  it('is not refilled past the monthly limit, and is when the month has turned', async () => {
    const client = await refilledClient({ monthlyLimit: usd('20.00') });
    await world.take(client, '6.00');
    await world.take(client, '20.00');
    expect(await service.balance(client.id)).toBe('9.00');
    expect((await world.refill(client)).skips).toMatchObject([{ reason: 'monthly_limit' }]);
    await service.sandbox.advanceClock('31d');
    await service.idle();
    expect(await service.balance(client.id)).toBe('29.00');
  });

  it('is not refilled for an agency that is disabled, neither its clients’ nor its own as a client of the platform', async () => {
    const client = await refilledClient();
    const { data } = await service.api.get(
      '/v1/customers?limit=100',
      z.object({ data: z.array(z.object({ id: z.string(), externalId: z.string().nullable() })) }),
    );
    const asClient = data.find(({ externalId }) => externalId === client.agencyId);
    if (!asClient) throw new Error('the agency is no client of the platform');
    const itself = await refilledClient({}, { ...client, id: asClient.id, agency: service.api });
    await service.api.send('PATCH', `/v1/agencies/${client.agencyId}`, z.unknown(), { body: { disabled: true } });
    for (const each of [client, itself]) {
      await world.take(each, '6.00');
      expect(await service.balance(each.id)).toBe('9.00');
      expect((await world.refill({ ...each, agency: service.api })).skips).toMatchObject([
        { reason: 'agency_disabled' },
      ]);
    }
  });

  it('is charged once when the connection is cut after the charge took effect', async () => {
    const client = await refilledClient();
    await service.sandbox.setFaults({ api: { cut: 'after', route: '/v1/payment_intents', method: 'POST' } });
    await world.take(client, '6.00');
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('20m');
    await service.idle();
    expect(await refills(client)).toHaveLength(1);
    expect(await service.balance(client.id)).toBe('29.00');
  });

  it('is credited though the charge’s event never comes: the provider is asked', async () => {
    const client = await refilledClient();
    await service.sandbox.setFaults({ dropDeliveries: 1 });
    await world.take(client, '6.00');
    expect(await service.balance(client.id)).toBe('9.00');
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('20m');
    await service.idle();
    expect(await service.balance(client.id)).toBe('29.00');
    expect(await refills(client)).toHaveLength(1);
  });

  it('is refilled the same when every delivery comes four times and out of order', async () => {
    const client = await refilledClient();
    await service.sandbox.setFaults({ duplicateDeliveries: 3, reorderDeliveries: true, seed: 5 });
    await world.take(client, '6.00');
    expect(await service.balance(client.id)).toBe('29.00');
    expect(await refills(client)).toHaveLength(1);
  });
});

describe('a card that is declined', () => {
  it('rests 1, 6 and 24 hours with one attempt each, then stops: four charges, not hundreds', async () => {
    const client = await refilledClient();
    await service.sandbox.setCard(client.card.fingerprint, 'insufficient_funds');
    await world.take(client, '6.00');
    for (const usage of ['1.00', '1.00', '1.00']) await world.take(client, usage);
    expect(await refills(client)).toHaveLength(1);
    expect(await world.refill(client)).toMatchObject({ breaker: { state: 'open', cause: 'insufficient_funds' } });
    for (const [hours, made] of [
      ['1h', 2],
      ['6h', 3],
      ['24h', 4],
      ['72h', 4],
      ['240h', 4],
    ] as const) {
      await service.sandbox.advanceClock(hours);
      await service.idle();
      expect(await refills(client), `after ${hours}`).toHaveLength(made);
    }
    expect(await world.refill(client)).toMatchObject({
      breaker: { state: 'stopped' },
      skips: expect.arrayContaining([expect.objectContaining({ reason: 'card_stopped' })]),
    });
    expect((await refills(client)).map(({ status }) => status)).toEqual(Array(4).fill('canceled'));
    await service.sandbox.setCard(client.card.fingerprint, null);
  });

  it('closes its breaker when the attempt after the rest succeeds', async () => {
    const client = await refilledClient();
    await service.sandbox.setCard(client.card.fingerprint, 'insufficient_funds');
    await world.take(client, '6.00');
    await service.sandbox.setCard(client.card.fingerprint, null);
    await service.sandbox.advanceClock('1h');
    await service.idle();
    expect(await service.balance(client.id)).toBe('29.00');
    expect(await world.refill(client)).toMatchObject({ breaker: { state: 'closed' } });
  });

  it('stops at once where it was lost, and goes on with another card', async () => {
    const client = await refilledClient();
    await service.sandbox.setCard(client.card.fingerprint, 'lost_card');
    await world.take(client, '6.00');
    expect(await world.refill(client)).toMatchObject({ breaker: { state: 'stopped', cause: 'lost_card' } });
    await service.sandbox.advanceClock('30d');
    expect(await refills(client)).toHaveLength(1);
    const other = await world.save(client, { card: '5555555555554444' });
    expect((await world.makeDefault(client, other.id)).status).toBe(200);
    await service.idle();
    expect(await service.balance(client.id)).toBe('29.00');
    await service.sandbox.setCard(client.card.fingerprint, null);
  });

  it('is told to the client and the agency once, and asks the client to pay where the bank wants to see it', async () => {
    const client = await refilledClient();
    await service.sandbox.setCard(client.card.fingerprint, 'authentication_required');
    await world.take(client, '6.00');
    await world.take(client, '1.00');
    const kinds = async () => {
      const { body } = await service.api.call('GET', `/v1/notices?customerId=${client.id}`);
      return JSON.stringify(body).match(/"kind":"[a-z_]+"/g) ?? [];
    };
    expect((await kinds()).filter((kind) => kind.includes('authentication_needed'))).toHaveLength(1);
    expect((await refills(client)).map(({ status }) => status)).toEqual(['canceled']);

    // Paid with the client present, refills go on.
    await service.sandbox.setCard(client.card.fingerprint, null);
    const { sessionId } = await service.startTopUp(client.id, '5.00');
    await service.sandbox.pay(sessionId, { card: '4242424242424242' });
    await service.idle();
    expect(await world.refill(client)).toMatchObject({ breaker: { state: 'closed' } });
    await world.take(client, '4.00');
    expect(await service.balance(client.id)).toBe('29.00');
  });

  it('asks the client to pay though it was told of a soft decline before', async () => {
    const client = await refilledClient();
    await service.sandbox.setCard(client.card.fingerprint, 'insufficient_funds');
    await world.take(client, '6.00');
    await service.sandbox.setCard(client.card.fingerprint, 'authentication_required');
    await service.sandbox.advanceClock('1h');
    await service.sandbox.setCard(client.card.fingerprint, null);
    const notices = await service.api.call('GET', `/v1/notices?customerId=${client.id}`);
    const kinds = JSON.stringify(notices.body).match(/card_failing|authentication_needed/g);
    expect(kinds?.toSorted()).toEqual(['authentication_needed', 'card_failing']);
  });

  it.each([
    ['auto-refill was switched off', (client: Refilled) => world.setRefill(client, { ...settings, enabled: false })],
    [
      'its client was disabled',
      (client: Refilled) => client.agency.call('PATCH', `/v1/customers/${client.id}`, { body: { disabled: true } }),
    ],
  ] as const)('is not charged any more where %s while the provider was away', async (_why, change) => {
    const client = await refilledClient();
    await service.sandbox.setFaults({ api: { status: 429, route: '/v1/payment_intents', method: 'POST' } });
    await world.take(client, '6.00');
    expect((await change(client)).status).toBe(200);
    await service.sandbox.setFaults({});
    await service.sandbox.advanceClock('20m');
    expect(await refills(client)).toEqual([]);
    expect(await world.refill(client)).toMatchObject({ inFlight: null });
    expect(await service.balance(client.id)).toBe('9.00');
  });

  it('is tried again when the agency says so', async () => {
    const client = await refilledClient();
    await service.sandbox.setCard(client.card.fingerprint, 'do_not_try_again');
    await world.take(client, '6.00');
    expect(await world.refill(client)).toMatchObject({ breaker: { state: 'stopped' } });
    await service.sandbox.setCard(client.card.fingerprint, null);
    expect((await client.agency.call('POST', `/v1/customers/${client.id}/auto-refill/reset`)).status).toBe(200);
    await service.idle();
    expect(await service.balance(client.id)).toBe('29.00');
  });
});

describe('money that goes back', () => {
  const paymentOf = async (client: CardClient) => {
    const [payment] = await charges(client);
    if (!payment) throw new Error('nothing was paid');
    return { id: payment.id, orderId: payment.metadata.baisa_order };
  };
  const skips = async (client: CardClient) => (await world.refill(client)).skips.map(({ reason }) => reason);

  it('by a refund is not charged again until the agency acts', async () => {
    const client = await refilledClient();
    const { orderId } = await paymentOf(client);
    const asked = { idempotencyKey: `refund ${orderId}`, body: {} };
    expect((await client.agency.call('POST', `/v1/transactions/${orderId}/refunds`, asked)).status).toBe(202);
    await service.idle();
    expect(await service.balance(client.id)).toBe('0.00');
    expect(await refills(client)).toEqual([]);
    expect(await skips(client)).toEqual(['money_went_back']);
    expect((await client.agency.call('POST', `/v1/customers/${client.id}/auto-refill/reset`)).status).toBe(200);
    await service.idle();
    expect(await service.balance(client.id)).toBe('20.00');
  });

  it('by a dispute is not charged again while the bank decides, whatever is used meanwhile', async () => {
    const client = await refilledClient();
    const { id } = await paymentOf(client);
    const dispute = await service.sandbox.dispute(id, { kind: 'chargeback' });
    await service.idle();
    await world.take(client, '6.00');
    expect((await client.agency.call('POST', `/v1/customers/${client.id}/auto-refill/reset`)).status).toBe(200);
    await service.idle();
    expect(await refills(client)).toEqual([]);
    expect(await skips(client)).toEqual(['dispute_open']);
    await service.sandbox.moveDispute(dispute.id, 'win');
    await service.sandbox.advanceClock('61m');
    expect(await service.balance(client.id)).toBe('29.00');
  });
});

describe('what is refused', () => {
  it('is each wrong setting, with its own code', async () => {
    const client = await refilledClient();
    for (const [change, code] of [
      [{ amount: usd('0.00') }, 'amount_not_positive'],
      [{ amount: usd('0.01') }, 'amount_below_minimum'],
      [{ threshold: usd('10000.01') }, 'threshold_too_high'],
      [{ threshold: usd('-1.00') }, 'threshold_negative'],
      [{ amount: { amount: '5.000', currency: 'OMR' } }, 'balance_currency'],
      [{ monthlyLimit: usd('19.00') }, 'limit_below_amount'],
    ] as const) {
      const answer = await world.setRefill(client, { ...settings, ...change });
      expect(answer, code).toMatchObject({ status: 422, body: { code } });
    }
  });

  it('is switching on without a verified default card', async () => {
    const client = await world.client();
    expect(await world.setRefill(client, settings)).toMatchObject({
      status: 422,
      body: { code: 'no_verified_default_card' },
    });
  });

  it('is removing the last card while auto-refill is on', async () => {
    const client = await refilledClient();
    expect(await world.remove(client, client.card.id)).toMatchObject({ status: 409, body: { code: 'card_needed' } });
    await world.setRefill(client, { ...settings, enabled: false });
    expect((await world.remove(client, client.card.id)).status).toBe(204);
    expect(await world.cards(client)).toEqual([]);
  });
});
