import { pino } from 'pino';
import Stripe from 'stripe';
import { describe, expect, it } from 'vitest';
import { MovableClock } from '../../../src/clock.ts';
import { runOperation } from '../../../src/providers/operation.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { startSandbox } from '../../../src/sandbox/sandbox.ts';
import { createTestDatabase } from '../../support/database.ts';
import { createMemoryOperationStore } from '../../unit/providers/memory-operation-store.ts';
import { providerContract, stagedContract } from './contract.ts';
import { type ContractSubject, need } from './contract-run.ts';
import { sandboxStage, stripeCardHands } from './stripe-hands.ts';
import { takesPayments } from './take-payment.ts';

const secretKey = 'sk_test_contract';

function stripeAt(url: string): Stripe {
  const { hostname, port } = new URL(url);
  return new Stripe(secretKey, { host: hostname, port, protocol: 'http', telemetry: false });
}

interface SandboxSubject extends ContractSubject {
  readonly url: string;
  readonly clock: MovableClock;
  readonly stripe: Stripe;
}

async function startSubject(): Promise<SandboxSubject> {
  const database = await createTestDatabase();
  const clock = new MovableClock();
  const sandbox = await startSandbox({
    databaseUrl: database.url,
    clock,
    host: '127.0.0.1',
    port: 0,
    secretKey,
    logger: pino({ level: 'silent' }),
  });
  const stripe = stripeAt(sandbox.url);
  const account = { id: sandbox.accountId, platform: true };
  return {
    url: sandbox.url,
    clock,
    stripe,
    now: () => clock.now(),
    cards: stripeCardHands(stripe, account),
    stage: sandboxStage(sandbox.url, stripe, account),
    provider: createStripeProvider({ apiKey: secretKey, apiBase: sandbox.url, maxNetworkRetries: 0 }),
    account,
    takePayment: takesPayments(stripe, account),
    currency: 'OMR',
    runId: 'sandbox',
    close: async () => {
      await sandbox.close();
      await database.drop();
    },
  };
}

/** The same sandbox, seen from an account that is connected to the platform: every call goes through `Stripe-Account`. */
async function startConnectedSubject(): Promise<ContractSubject> {
  const subject = await startSubject();
  const { stripe, url } = subject;
  const { id } = await stripe.accounts.create({ country: 'AE' });
  const account = { id, platform: false };
  return {
    ...subject,
    account,
    takePayment: takesPayments(stripe, account),
    cards: stripeCardHands(stripe, account),
    stage: sandboxStage(url, stripe, account),
  };
}

providerContract('Stripe, as the sandbox plays it', startSubject);

providerContract('Stripe, on a connected account of the sandbox', startConnectedSubject, [
  'catalog',
  'taxRates',
  'meters',
  'metering',
  'checkout',
  'cards',
  'holds',
  'offSession',
  'subscriptions',
  'invoices',
  'refunds',
  'disputes',
  'books',
]);

stagedContract('Stripe, as the sandbox plays it', startSubject);

stagedContract('Stripe, on a connected account of the sandbox', startConnectedSubject);

describe('two accounts of one platform', () => {
  it('keep catalogues of their own, under the same ids', async () => {
    const connected = await startConnectedSubject();
    try {
      const catalog = need(connected.provider.catalog, 'catalog');
      const platform = { id: (await connected.provider.accounts.current()).id, platform: true };
      const product = { id: 'baisa_plan_1', name: 'Gold', description: null, active: true, metadata: {} };
      await catalog.createProduct(connected.account, product, { idempotencyKey: 'same key' });
      await expect(catalog.listProducts(platform)).resolves.toEqual([]);
      await catalog.createProduct(platform, { ...product, name: 'Silver' }, { idempotencyKey: 'same key' });
      await expect(catalog.retrieveProduct(connected.account, product.id)).resolves.toMatchObject({ name: 'Gold' });
    } finally {
      await connected.close();
    }
  });
});

describe('an operation over the sandbox', () => {
  const hourMs = 3_600_000;

  const faults = [
    ['cut before it took effect', { cut: 'before', route: '/v1/customers', method: 'POST', times: 2 }, 0],
    ['cut after it took effect', { cut: 'after', route: '/v1/customers', method: 'POST', times: 2 }, 0],
    [
      'cut after it took effect, and its key forgotten',
      { cut: 'after', route: '/v1/customers', method: 'POST', times: 2 },
      25,
    ],
    [
      'answered with a 500 that is stored',
      { status: 500, storeResult: true, route: '/v1/customers', method: 'POST', times: 1 },
      1,
    ],
    ['throttled', { status: 429, route: '/v1/customers', method: 'POST', times: 2 }, 0],
  ] as const;

  it.each(faults)('ends with one customer when its call is %s', async (_what, api, hoursLater) => {
    const subject = await startSubject();
    try {
      const { url, clock, provider, account } = subject;
      const checkout = need(provider.checkout, 'checkout');
      const client = { customerId: 'cus_contract', name: 'Salma', email: 'salma@example.com' };
      const store = createMemoryOperationStore();
      const made = new Set<string>();
      const run = async (): Promise<string> => {
        const { id } = await runOperation(
          { store, clock, wait: async () => undefined },
          {
            id: `customer:${client.customerId}`,
            request: client,
            call: (idempotencyKey) => checkout.createCustomer(account, client, { idempotencyKey }),
            lookUp: () => checkout.findCustomer(account, client.customerId, client.email),
          },
        );
        made.add(id);
        return id;
      };
      const switched = await fetch(`${url}/sandbox/faults`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ api }),
      });
      expect(switched.ok).toBe(true);

      for (let tries = 0; tries < 4; tries += 1) {
        await run().catch(() => undefined);
        clock.advance(hoursLater * hourMs);
      }
      await run();
      const found = await checkout.findCustomer(account, client.customerId, client.email);
      expect([...made]).toEqual([found?.id]);
      const customers = await fetch(`${url}/v1/customers?limit=100`, {
        headers: { authorization: `Bearer ${secretKey}` },
      });
      expect(await customers.json()).toMatchObject({ data: [{ id: found?.id }] });
    } finally {
      await subject.close();
    }
  });
});
