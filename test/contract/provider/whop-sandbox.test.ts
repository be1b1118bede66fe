import { describe, expect, it } from 'vitest';
import { cards } from '../../../src/commands/sandbox-client.ts';
import { createWhopSandboxClient } from '../../../src/commands/whop-sandbox-client.ts';
import { Money } from '../../../src/money/money.ts';
import { runOperation } from '../../../src/providers/operation.ts';
import type { TopUpSessionRequest } from '../../../src/providers/port.ts';
import { createMemoryOperationStore } from '../../unit/providers/memory-operation-store.ts';
import { need } from './contract-run.ts';
import { startWhop } from './sandbox-subjects.ts';

const topUp: TopUpSessionRequest = {
  orderId: 'ord_contract',
  metadata: { baisa_order: 'ord_contract' },
  providerCustomerId: 'cus_contract',
  amount: Money.of('5.00', 'USD'),
  description: 'Top-up: 5.00 USD of balance',
  successUrl: 'https://example.com/done',
  cancelUrl: 'https://example.com/back',
  expiresAt: new Date('2027-01-01T00:00:00Z'),
};

describe('an operation over the local Whop', () => {
  const route = { route: '/checkout_configurations', method: 'POST' };
  const hourMs = 3_600_000;

  it.each([
    ['cut before it took effect', { cut: 'before', ...route, times: 2 }, 0],
    ['cut after it took effect', { cut: 'after', ...route, times: 2 }, 0],
    ['cut after it took effect, and its key forgotten', { cut: 'after', ...route, times: 1 }, 25],
    ['answered with a 500', { status: 500, ...route, times: 2 }, 0],
    ['throttled', { status: 429, ...route, times: 2 }, 0],
  ])('ends with one checkout when its call is %s', async (_what, api, hoursLater) => {
    const subject = await startWhop();
    try {
      const { url, clock, provider, account } = subject;
      const checkout = need(provider.checkout, 'checkout');
      const store = createMemoryOperationStore();
      const run = () =>
        runOperation(
          { store, clock, wait: async () => undefined },
          {
            id: `checkout:${topUp.orderId}`,
            request: topUp,
            call: (idempotencyKey) => checkout.createTopUpSession(account, topUp, { idempotencyKey }),
            lookUp: () => checkout.findSession(account, topUp.providerCustomerId, topUp.orderId),
          },
        );
      await createWhopSandboxClient(url).setFaults({ api });
      for (let tries = 0; tries < 4; tries += 1) {
        await run().catch(() => undefined);
        clock.advance(hoursLater * hourMs);
      }
      const { id } = await run();
      expect(await checkout.findSession(account, topUp.providerCustomerId, topUp.orderId)).toMatchObject({ id });
      const { apiBase, apiKey } = await createWhopSandboxClient(url).access();
      const all = await fetch(`${apiBase}/api/v1/checkout_configurations?account_id=${account.id}`, {
        headers: { authorization: `Bearer ${apiKey}`, 'api-version-date': '2026-07-20' },
      });
      expect(await all.json()).toMatchObject({ data: [{ id }] });
    } finally {
      await subject.close();
    }
  });
});

describe('a payment that nobody was told of', () => {
  it('is found by asking what changed since', async () => {
    const { url, clock, provider, account, close } = await startWhop();
    try {
      const payments = need(provider.payments, 'payments');
      const listSince = need(payments.listSince, 'list of payments').bind(payments);
      const whop = createWhopSandboxClient(url);
      await whop.setFaults({ dropDeliveries: true });
      const before = clock.now();
      const { id } = await need(provider.checkout, 'checkout').createTopUpSession(account, topUp, {
        idempotencyKey: 'k',
      });
      const { paymentId } = await whop.pay(id, { card: cards.visa, tax: '0.40' });
      const [found, ...others] = await listSince(account, before);
      expect(others).toEqual([]);
      expect(found).toMatchObject({ id: paymentId, status: 'succeeded', metadata: { baisa_order: 'ord_contract' } });
      expect(found?.amountReceived.toString()).toBe('5.00 USD');
      expect(await listSince(account, new Date(clock.now().getTime() + 1_000))).toEqual([]);
    } finally {
      await close();
    }
  });
});
