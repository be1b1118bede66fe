import { describe, expect, it } from 'vitest';
import type { CheckoutPort, TopUpSessionRequest } from '../../../src/providers/port.ts';
import { type ContractRun, need, refusalOf } from './contract-run.ts';

const minuteMs = 60_000;

const checkoutOf = (run: ContractRun): CheckoutPort => need(run.subject.provider.checkout, 'checkout');

interface Client {
  readonly customerId: string;
  readonly name: string;
  readonly email: string;
}

function aClient(run: ContractRun): Client {
  const customerId = run.name('customer');
  return { customerId, name: 'Salma Al-Harthy', email: `${customerId}@example.com` };
}

async function makeCustomerOf(run: ContractRun, client = aClient(run), options = run.once()): Promise<string> {
  const { id } = await checkoutOf(run).createCustomer(run.account, client, options);
  const { removeCustomer } = run.subject;
  if (removeCustomer) run.undoLater(() => removeCustomer(id));
  return id;
}

/** Of providers that keep customers of their own: at another one our id stands for the client. */
export function describeCustomers(run: () => ContractRun): void {
  describe('customers', () => {
    it('are found when a lost call made them', async () => {
      const checkout = checkoutOf(run());
      const client = aClient(run());
      await expect(checkout.findCustomer(run().account, client.customerId, client.email)).resolves.toBeNull();
      const id = await makeCustomerOf(run(), client);
      await expect(checkout.findCustomer(run().account, client.customerId, client.email)).resolves.toEqual({ id });
      await expect(checkout.findCustomer(run().account, run().name('other'), client.email)).resolves.toBeNull();
    });
  });
}

export function describeCheckout(run: () => ContractRun): void {
  const checkout = (): CheckoutPort => checkoutOf(run());
  const makeCustomer = (): Promise<string> => makeCustomerOf(run());

  const aTopUp = (providerCustomerId: string): TopUpSessionRequest => {
    const orderId = run().name('order');
    return {
      orderId,
      metadata: { baisa_order: orderId },
      providerCustomerId,
      amount: run().money('5.00'),
      description: 'Top-up: 5.00 USD of balance',
      successUrl: 'https://example.com/done',
      cancelUrl: 'https://example.com/back',
      expiresAt: new Date(run().now().getTime() + checkout().sessionLifetimeMs.min + 5 * minuteMs),
    };
  };

  async function makeSession(request: TopUpSessionRequest, options = run().once()) {
    const session = await checkout().createTopUpSession(run().account, request, options);
    run().undoLater(() => checkout().expireSession(run().account, session.id, run().once()));
    return session;
  }

  describe('checkout', () => {
    it('makes one customer when one key is sent twice', async () => {
      const client = aClient(run());
      const options = run().once();
      const first = await makeCustomerOf(run(), client, options);
      await expect(checkout().createCustomer(run().account, client, options)).resolves.toEqual({ id: first });
    });

    it('opens a session that says where to pay and until when', async () => {
      const request = aTopUp(await makeCustomer());
      const session = await makeSession(request);
      expect(session).toMatchObject({ status: 'open', url: expect.stringMatching(/^https?:\/\//) });
      expect(Math.abs(session.expiresAt.getTime() - request.expiresAt.getTime())).toBeLessThan(1_000);
      await expect(checkout().retrieveSession(run().account, session.id)).resolves.toMatchObject({
        id: session.id,
        status: 'open',
      });
    });

    it('opens one session when one key is sent twice', async () => {
      const request = aTopUp(await makeCustomer());
      const options = run().once();
      const first = await makeSession(request, options);
      const again = await checkout().createTopUpSession(run().account, request, options);
      expect(again).toMatchObject({ id: first.id, url: first.url });
    });

    it('finds the session that a lost call opened, by its order', async () => {
      const customer = await makeCustomer();
      const request = aTopUp(customer);
      await makeSession(aTopUp(customer));
      await expect(checkout().findSession(run().account, customer, request.orderId)).resolves.toBeNull();
      const session = await makeSession(request);
      await expect(checkout().findSession(run().account, customer, request.orderId)).resolves.toMatchObject({
        id: session.id,
      });
    });

    it('expires a session, and answers it again as it is', async () => {
      const session = await makeSession(aTopUp(await makeCustomer()));
      const expired = { id: session.id, status: 'expired', url: null };
      await expect(checkout().expireSession(run().account, session.id, run().once())).resolves.toMatchObject(expired);
      await expect(checkout().expireSession(run().account, session.id, run().once())).resolves.toMatchObject(expired);
      await expect(checkout().retrieveSession(run().account, session.id)).resolves.toMatchObject(expired);
    });

    it('takes the least amount that it says it takes', async () => {
      const request = aTopUp(await makeCustomer());
      const amount = checkout().minimumCharge(run().subject.currency);
      await expect(makeSession({ ...request, amount })).resolves.toMatchObject({ status: 'open' });
    });

    it('refuses more than it says it takes', async () => {
      const request = aTopUp(await makeCustomer());
      const most = checkout().maximumCharge(run().subject.currency);
      const refusal = await refusalOf(makeSession({ ...request, amount: most.plus(most) }));
      expect(refusal.kind).toBe('invalid');
    });

    it('refuses a session that is not there', async () => {
      const refusal = await refusalOf(checkout().retrieveSession(run().account, 'cs_test_absent'));
      expect(refusal.kind).toBe('invalid');
    });
  });
}
