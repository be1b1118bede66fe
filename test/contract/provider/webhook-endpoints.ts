import { describe, expect, it } from 'vitest';
import type { WebhookEndpointsPort } from '../../../src/providers/port.ts';
import { type ContractRun, need } from './contract-run.ts';

export function describeWebhookEndpoints(run: () => ContractRun): void {
  const endpoints = (): WebhookEndpointsPort => need(run().subject.provider.webhookEndpoints, 'webhook endpoints');

  async function makeEndpoint(connect: boolean, options = run().once()) {
    const request = {
      url: `https://example.com/webhooks/${run().name('endpoint')}`,
      eventTypes: ['checkout.session.completed', 'payment_intent.succeeded'],
      connect,
    };
    const made = await endpoints().create(request, options);
    const { removeWebhookEndpoint } = run().subject;
    if (removeWebhookEndpoint) run().undoLater(() => removeWebhookEndpoint(made.endpoint.id));
    return { ...made, request };
  }

  const listed = async (id: string) => (await endpoints().list()).find((endpoint) => endpoint.id === id);

  describe('webhook endpoints', () => {
    it.each([false, true])(
      'deliver in the version of the calls and show their secret once (connect: %s)',
      async (connect) => {
        const { endpoint, secret, request } = await makeEndpoint(connect);
        expect(secret.length).toBeGreaterThan(10);
        expect(endpoint).toEqual({
          ...request,
          id: endpoint.id,
          apiVersion: run().subject.provider.apiVersion,
          enabled: true,
        });
        expect(await listed(endpoint.id)).toEqual(endpoint);
      },
    );

    it('are made once when one key is sent twice', async () => {
      const options = run().once();
      const { endpoint, secret, request } = await makeEndpoint(false, options);
      await expect(endpoints().create(request, options)).resolves.toEqual({ endpoint, secret });
    });

    it('change what they hear and can be switched off', async () => {
      const { endpoint } = await makeEndpoint(false);
      const change = { eventTypes: ['checkout.session.expired'], enabled: false };
      const changed = await endpoints().update(endpoint.id, change, run().once());
      expect(changed).toEqual({ ...endpoint, ...change });
      expect(await listed(endpoint.id)).toEqual(changed);
    });
  });
}
