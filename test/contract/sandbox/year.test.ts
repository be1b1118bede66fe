import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MovableClock } from '../../../src/clock.ts';
import { createSandboxClient } from '../../../src/commands/sandbox-client.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { createTestDatabase } from '../../support/database.ts';
import { type BillingHarness, isoOf, startBillingHarness } from './billing-harness.ts';
import { clientFor, optionsFor } from './harness.ts';

let harness: BillingHarness;
let stripe: Stripe;

beforeAll(async () => {
  harness = await startBillingHarness();
  stripe = harness.stripe;
});
afterAll(() => harness.close());
beforeEach(() => harness.endAll());

const subscribe = async (price: string): Promise<Stripe.Subscription> => {
  const customer = await harness.customer();
  return stripe.subscriptions.create({ customer: customer.id, items: [{ price }] });
};

const invoicesOf = async (subscription: string) =>
  (await stripe.invoices.list({ subscription, limit: 100 })).data.toReversed();

describe('a year of the clock', () => {
  test('renews month by month, each event at its own time and delivered in that order', async () => {
    const price = await harness.price();
    const made = [await subscribe(price.id), await subscribe(price.id), await subscribe(price.id)];
    await harness.sandbox.settled();
    harness.arrived();
    const start = new Date((made[0]?.created ?? 0) * 1000);
    await harness.moveTo(
      new Date(Date.UTC(start.getUTCFullYear() + 1, start.getUTCMonth(), start.getUTCDate() + 1)).toISOString(),
    );
    for (const { id } of made) {
      const invoices = await invoicesOf(id);
      expect(invoices.map(({ status }) => status)).toEqual(Array(13).fill('paid'));
      const starts = invoices.slice(1).map((invoice) => invoice.created);
      expect(starts).toEqual(invoices.slice(1).map((invoice) => invoice.lines.data[0]?.period.start));
      const events = harness.receiver.arrivals.filter(({ raw }) => raw.includes(id)).map(({ event }) => event);
      const times = events.map((event) => event.created);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(events.filter((event) => event.type === 'invoice.paid')).toHaveLength(12);
    }
  });

  test('gives the service its turn once a day, and at the moments that it names', async () => {
    const turns: string[] = [];
    const begun = harness.clock.now().getTime();
    const named = new Date(begun + 36 * 3_600_000);
    harness.sandbox.onClockMoved(
      async () => {
        turns.push(String(Math.round((harness.clock.now().getTime() - begun) / 3_600_000)));
      },
      async () => (harness.clock.now() < named ? named : undefined),
    );
    await harness.advance('3d');
    expect(turns).toEqual(['24', '36', '60', '72']);
  });

  test('comes back to the 31st after a short month', async () => {
    const anchor = Date.UTC(harness.clock.now().getUTCFullYear() + 1, 11, 31, 12) / 1000;
    await harness.moveTo(isoOf(anchor));
    const price = await harness.price();
    const subscription = await subscribe(price.id);
    await harness.advance('130d');
    const days = (await invoicesOf(subscription.id)).map(({ created }) => isoOf(created).slice(5, 10));
    expect(days.filter((day) => !day.startsWith('02'))).toEqual(['12-31', '01-31', '03-31', '04-30']);
    expect(days[2]).toMatch(/^02-(28|29)$/);
  });

  test('bills a yearly base and monthly usage on invoices of their own', async () => {
    const meter = await stripe.billing.meters.create({
      display_name: 'Minutes',
      event_name: 'minutes',
      default_aggregation: { formula: 'sum' },
    });
    const base = await harness.price({ unit_amount: 100_000, recurring: { interval: 'year' } });
    const usage = await harness.price({
      unit_amount: 20,
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
    });
    const customer = await harness.customer();
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: base.id }, { price: usage.id }],
      billing_mode: { type: 'flexible' },
    });
    await harness.recordUsage({
      meter: meter.id,
      customer: customer.id,
      at: subscription.created + 3600,
      value: '500',
    });
    await harness.advance('40d');
    const invoices = await invoicesOf(subscription.id);
    expect(invoices.map(({ total }) => total)).toEqual([100_000, 10_000]);
    const { items } = await stripe.subscriptions.retrieve(subscription.id);
    expect(new Set(items.data.map((item) => item.current_period_end)).size).toBe(2);
  });

  test('goes on after a restart where it stood', async () => {
    const database = await createTestDatabase();
    const clock = new MovableClock();
    const first = await startSandbox(optionsFor(database.url, clock));
    const { id: product } = await clientFor(first).products.create({ name: 'Plan' });
    const subscription = await clientFor(first).subscriptions.create({
      customer: (
        await clientFor(first).customers.create({
          payment_method: 'pm_card_visa',
          invoice_settings: { default_payment_method: 'pm_card_visa' },
        })
      ).id,
      items: [
        {
          price: (
            await clientFor(first).prices.create({
              currency: 'usd',
              unit_amount: 900,
              recurring: { interval: 'month' },
              product,
            })
          ).id,
        },
      ],
    });
    await first.close();
    const second = await startSandbox(optionsFor(database.url, clock));
    await createSandboxClient(second.url).advanceClock('65d');
    const found = await clientFor(second).invoices.list({ subscription: subscription.id });
    expect(found.data.map(({ status }) => status)).toEqual(['paid', 'paid', 'paid']);
    await second.close();
    await database.drop();
  });
});

test('the buttons of the page move the clock a day, a month, or to a date that is not past', async () => {
  const { url } = harness.sandbox;
  expect(await (await fetch(`${url}/sandbox`)).text()).toContain('Advance a month');
  const press = (fields: Record<string, string>) =>
    fetch(`${url}/sandbox/clock/move`, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });
  const before = harness.clock.now().getTime();
  expect((await press({ by: 'day' })).status).toBe(303);
  expect(harness.clock.now().getTime() - before).toBeGreaterThanOrEqual(86_400_000);
  await press({ by: 'month' });
  expect(harness.clock.now().getTime() - before).toBeGreaterThanOrEqual(29 * 86_400_000);
  expect((await press({ to: '2020-01-01' })).status).toBe(422);
  const later = new Date(harness.clock.now().getTime() + 5 * 86_400_000).toISOString().slice(0, 10);
  await press({ to: later });
  expect(harness.clock.now().toISOString().slice(0, 10)).toBe(later);
});
