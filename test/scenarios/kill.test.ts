import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { balanceAnswer, created, ledgerLine, orderAnswer, sessionAnswer } from '../../src/commands/api-answers.ts';
import { type ApiClient, createApiClient, Unreachable } from '../../src/commands/api-client.ts';
import { cards, createSandboxClient, providerSessionOf, SandboxRefusal } from '../../src/commands/sandbox-client.ts';
import {
  freePorts,
  newPlatformKey,
  type ServiceProcess,
  startServiceProcess,
} from '../../src/commands/service-process.ts';

const customerCount = 200;
const ordersEach = 10;
const orderCount = customerCount * ordersEach;

/** After so many payments that were answered, the process is killed with others under way. */
const killsAfter = [600, 700];

let dataDir: string;
let service: ServiceProcess | undefined;

afterEach(async () => {
  await service?.stop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Order {
  readonly orderId: string;
  readonly sessionId: string;
}

/** Works through the items, so many at once, in their order. Stops early when `goOn` says so. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<Result>,
  goOn: () => boolean = () => true,
): Promise<Result[]> {
  const waiting = [...items];
  const results: Result[] = [];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined && goOn(); item = waiting.shift())
      results.push(await work(item));
  };
  await Promise.all(Array.from({ length: width }, lane));
  return results;
}

async function placeOrders(api: ApiClient): Promise<Order[]> {
  const agency = { name: 'Burst', email: 'burst@agency.example', country: 'OM' };
  const { id: agencyId } = await api.send('POST', '/v1/agencies', created, { body: agency });
  const numbers = Array.from({ length: customerCount }, (_, index) => index);
  const perCustomer = await inParallel(numbers, 16, async (number) => {
    const body = { agencyId, name: `Client ${number}`, email: `client-${number}@client.example` };
    const { id: customerId } = await api.send('POST', '/v1/customers', created, { body });
    const orders: Order[] = [];
    for (let index = 0; index < ordersEach; index += 1) {
      const session = await api.send('POST', '/v1/checkout-sessions', sessionAnswer, {
        idempotencyKey: `${customerId} ${index}`,
        body: { customerId, kind: 'top_up', amount: { amount: '5.00', currency: 'USD' } },
      });
      orders.push({ orderId: session.orderId, sessionId: providerSessionOf(session.url) });
    }
    return orders;
  });
  return perCustomer.flat();
}

/** A payer at the page: what got no answer is tried again later, and a session that says it is complete was paid. */
async function payBurst(target: ServiceProcess, orders: readonly Order[], killAfter: number): Promise<Set<string>> {
  const sandbox = createSandboxClient(target.sandboxUrl);
  const answered = new Set<string>();
  let killing: Promise<void> | undefined;
  await inParallel(
    orders,
    24,
    async ({ sessionId }) => {
      try {
        await sandbox.pay(sessionId, { card: cards.visa });
        answered.add(sessionId);
        if (answered.size === killAfter) killing = target.kill();
      } catch (error) {
        if (error instanceof SandboxRefusal && error.code === 'checkout_session_not_open') answered.add(sessionId);
        else if (!(error instanceof Unreachable)) throw error;
      }
    },
    () => killing === undefined,
  );
  await killing;
  return answered;
}

it('credits 2,000 payments exactly once each when the process is killed twice during the burst', async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'baisa-kill-'));
  const options = {
    ...(await freePorts()),
    dataDir,
    platformApiKey: newPlatformKey(),
    // The burst is one key's.
    settings: { API_CALLS_PER_SECOND: '9999' },
  };
  service = await startServiceProcess(options);
  const api = createApiClient(service.url, options.platformApiKey);
  const orders = await placeOrders(api);
  expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(orderCount);

  let unpaid: readonly Order[] = orders;
  for (const killAfter of [...killsAfter, Number.POSITIVE_INFINITY]) {
    const answered = await payBurst(service, unpaid, killAfter);
    unpaid = unpaid.filter(({ sessionId }) => !answered.has(sessionId));
    if (Number.isFinite(killAfter)) {
      expect(unpaid.length).toBeGreaterThan(0);
      service = await startServiceProcess(options);
    }
  }
  expect(unpaid).toEqual([]);
  // Answers when every delivery that is due was made and everything heard was handled.
  await createSandboxClient(service.sandboxUrl).advanceClock('1m');

  const paid = await inParallel(orders, 16, ({ orderId }) => api.get(`/v1/orders/${orderId}`, orderAnswer));
  expect(paid.filter(({ status }) => status !== 'paid')).toEqual([]);
  const customers = [...new Set(paid.map(({ customerId }) => customerId))];
  const statements = await inParallel(customers, 16, (id) => api.all(`/v1/customers/${id}/ledger`, ledgerLine));
  const credits = statements.flat();
  expect(credits.every(({ code }) => code === 'topup.settle')).toBe(true);
  expect(new Set(credits.map(({ reference }) => reference)).size).toBe(orderCount);
  expect(credits).toHaveLength(orderCount);
  const balances = await inParallel(customers, 16, (id) => api.get(`/v1/customers/${id}/balance`, balanceAnswer));
  expect(new Set(balances.map(({ balance }) => balance.toString()))).toEqual(new Set(['50.00 USD']));
  expect(balances).toHaveLength(customerCount);
}, 600_000);
