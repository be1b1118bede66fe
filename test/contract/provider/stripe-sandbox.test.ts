import { describe, expect, it } from 'vitest';
import { runOperation } from '../../../src/providers/operation.ts';
import { createMemoryOperationStore } from '../../unit/providers/memory-operation-store.ts';
import { stagedContract } from './contract.ts';
import { need } from './contract-run.ts';
import { secretKey, startStripe, startStripeConnected } from './sandbox-subjects.ts';

stagedContract('Stripe, as the sandbox plays it', startStripe);

stagedContract('Stripe, on a connected account of the sandbox', startStripeConnected);

describe('two accounts of one platform', () => {
  it('keep catalogues of their own, under the same ids', async () => {
    const connected = await startStripeConnected();
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
    const subject = await startStripe();
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
