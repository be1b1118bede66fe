import { randomBytes } from 'node:crypto';
import { Money } from '../../money/money.ts';
import {
  balanceAnswer,
  created,
  issuedKey,
  type LedgerLine,
  ledgerLine,
  type OrderAnswer,
  orderAnswer,
  type SessionAnswer,
  sessionAnswer,
} from '../api-answers.ts';
import type { ApiClient } from '../api-client.ts';
import { providerSessionOf, type SandboxClient } from '../sandbox-client.ts';
import { until } from '../until.ts';

/** What the steps of a run share. Everything is made new, so that a run minds nothing that earlier ones left. */
export interface World {
  /** With the platform's key. */
  readonly platform: ApiClient;
  /** With the key of this run's agency. */
  readonly agency: ApiClient;
  readonly agencyId: string;
  /** With the key of another agency. */
  readonly stranger: ApiClient;
  readonly sandbox: SandboxClient;
  readonly customerId: string;
  /** Unique, so that the provider's record of the client is found by it. */
  readonly customerEmail: string;
  /** Orders whose money arrived. The books are checked against them at the end. */
  readonly paid: OrderAnswer[];
}

export interface StartedTopUp {
  readonly orderId: string;
  /** The provider's id of the hosted session. */
  readonly sessionId: string;
}

async function newAgency(platform: ApiClient, name: string, run: string): Promise<{ id: string; api: ApiClient }> {
  const body = { name: `${name} ${run}`, email: `${run}@agency.example`, country: 'OM' };
  const { id } = await platform.send('POST', '/v1/agencies', created, { body });
  const { key } = await platform.send('POST', `/v1/agencies/${id}/api-keys`, issuedKey, { body: { name: 'Demo' } });
  return { id, api: platform.as(key) };
}

export async function createWorld(platform: ApiClient, sandbox: SandboxClient): Promise<World> {
  const run = `demo-${randomBytes(4).toString('hex')}`;
  const agency = await newAgency(platform, 'Muscat Voice', run);
  const stranger = await newAgency(platform, 'Another agency', run);
  const customerEmail = `${run}@client.example`;
  const body = { name: 'Salma Trading', email: customerEmail };
  const customer = await agency.api.send('POST', '/v1/customers', created, { body });
  return {
    platform,
    agency: agency.api,
    agencyId: agency.id,
    stranger: stranger.api,
    sandbox,
    customerId: customer.id,
    customerEmail,
    paid: [],
  };
}

export const usd = (amount: string): { readonly amount: string; readonly currency: string } => ({
  amount,
  currency: 'USD',
});

/** Asks for a hosted checkout. The same key asks for the same one. */
export const requestTopUp = (world: World, amount: string, idempotencyKey: string): Promise<SessionAnswer> =>
  world.agency.send('POST', '/v1/checkout-sessions', sessionAnswer, {
    idempotencyKey,
    body: { customerId: world.customerId, kind: 'top_up', amount: usd(amount) },
  });

export async function startTopUp(world: World, amount: string): Promise<StartedTopUp> {
  const { orderId, url } = await requestTopUp(world, amount, randomBytes(12).toString('hex'));
  return { orderId, sessionId: providerSessionOf(url) };
}

export const readOrder = (world: World, orderId: string): Promise<OrderAnswer> =>
  world.agency.get(`/v1/orders/${orderId}`, orderAnswer);

/** Waits until the order is so. */
export const orderBecomes = (
  world: World,
  orderId: string,
  wanted: string,
  isAsWanted: (order: OrderAnswer) => boolean,
): Promise<OrderAnswer> => until(`an order that ${wanted}`, () => readOrder(world, orderId), isAsWanted);

/** Waits until the order is paid, and remembers it for the books. */
export async function orderIsPaid(world: World, orderId: string): Promise<OrderAnswer> {
  const order = await orderBecomes(world, orderId, 'is paid', ({ status }) => status === 'paid');
  world.paid.push(order);
  return order;
}

/** Everything that is under way at the provider and here is done when this resolves. */
export const settled = async (world: World): Promise<void> => {
  await world.sandbox.advanceClock('0s');
};

export const readBalance = async (world: World): Promise<Money> =>
  (await world.agency.get(`/v1/customers/${world.customerId}/balance`, balanceAnswer)).balance;

/** Newest first. */
export const readStatement = (world: World): Promise<LedgerLine[]> =>
  world.agency.all(`/v1/customers/${world.customerId}/ledger`, ledgerLine);

/** What the paid orders credit together. */
export const creditedTotal = (world: World): Money =>
  world.paid.reduce((sum, { credited }) => sum.plus(credited), Money.zero('USD'));
