import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CheckoutWorld, checkoutWorld, failing } from './checkout-world.ts';

const day = 86_400_000;
let world: CheckoutWorld;

beforeEach(async () => {
  world = await checkoutWorld();
  await world.probe();
  world.answers.create = failing('unavailable', 'away');
  await expect(world.start('request 1')).rejects.toThrow('away');
});
afterEach(() => world.stop());

test('an order whose session was never made expires in its time, and not before', async () => {
  await world.expireLostOrders();
  expect(await world.orders()).toMatchObject([{ status: 'checkout' }]);
  world.clock.advance(day);
  await world.expireLostOrders();
  expect(await world.orders()).toMatchObject([{ status: 'expired', providerSessionId: null }]);
  expect(world.failures).toEqual([]);
});

test('a session whose answer was lost is kept with its order, which its own event will end', async () => {
  world.answers.found = async () => world.session('cs_lost');
  world.clock.advance(day);
  await world.expireLostOrders();
  expect(await world.orders()).toMatchObject([{ status: 'checkout', providerSessionId: 'cs_lost' }]);
});

test('an order that was paid while the provider was asked stays paid', async () => {
  world.answers.found = async () => {
    await world.database.prisma.order.updateMany({ data: { status: 'paid' } });
    return null;
  };
  world.clock.advance(day);
  await world.expireLostOrders();
  expect(await world.orders()).toMatchObject([{ status: 'paid' }]);
});

test('an order that cannot be decided now is left for the next run, and holds no other', async () => {
  await expect(world.start('request 2')).rejects.toThrow('away');
  let asked = 0;
  world.answers.found = async () => {
    asked += 1;
    return asked === 1 ? failing('unavailable', 'away')() : null;
  };
  world.clock.advance(day);
  await world.expireLostOrders();
  expect((await world.orders()).map(({ status }) => status)).toEqual(['checkout', 'expired']);
  expect(world.failures).toHaveLength(1);
  await world.expireLostOrders();
  expect((await world.orders()).map(({ status }) => status)).toEqual(['expired', 'expired']);
});
