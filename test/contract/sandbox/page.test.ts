import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Harness, startHarness, topUp, visa } from './harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.close());

const send = (url: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual', headers });

const openSession = async () => {
  const session = await harness.stripe.checkout.sessions.create(topUp());
  return String(session.url);
};

describe('the pay page', () => {
  test('says that it is a sandbox, shows all three decimals, and runs no script', async () => {
    const response = await fetch(await openSession());
    const html = await response.text();
    expect(html).toContain('not Stripe');
    expect(html).toContain('1.930 OMR');
    expect(html).not.toContain('<script');
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(response.headers.get('content-security-policy')).toContain("form-action 'self' https://shop.example");
  });

  test('lets browsers name its origin to its own forms, which the guard against foreign ones needs', async () => {
    const url = await openSession();
    expect((await fetch(url)).headers.get('referrer-policy')).toBe('same-origin');
    expect((await send(url, { card: visa }, { origin: harness.sandbox.url })).status).toBe(303);
  });

  test('leads a payer to the success address with the session in it', async () => {
    const url = await openSession();
    const response = await send(url, { card: visa, expiry: '12/34', cvc: '123', name: 'A' });
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe(`https://shop.example/paid?session=${url.split('/').at(-1)}`);
    expect(await (await fetch(url)).text()).toContain('This payment is complete.');
  });

  test('shows why a card was declined and takes another', async () => {
    const url = await openSession();
    const declined = await send(url, { card: '4000000000009995' });
    expect(declined.status).toBe(402);
    expect(await declined.text()).toContain('insufficient funds');
    expect((await send(url, { card: visa })).status).toBe(303);
  });

  test('asks for authentication and goes on by the answer', async () => {
    const url = await openSession();
    const asked = await send(url, { card: '4000002760003184' });
    expect(await asked.text()).toContain('Complete authentication');
    expect((await send(url, { authenticate: 'complete' })).status).toBe(303);
  });

  test('says that an expired session is over', async () => {
    const url = await openSession();
    await harness.stripe.checkout.sessions.expire(String(url.split('/').at(-1)));
    const response = await fetch(url);
    expect(response.status).toBe(410);
    expect(await response.text()).toContain('has expired');
  });

  test('escapes what a merchant wrote', async () => {
    const params = topUp();
    const session = await harness.stripe.checkout.sessions.create({
      ...params,
      line_items: [
        {
          quantity: 1,
          price_data: { currency: 'omr', unit_amount: 1930, product_data: { name: '<img src=x onerror=alert(1)>' } },
        },
      ],
    });
    const html = await (await fetch(String(session.url))).text();
    expect(html).not.toContain('<img');
    expect(html).toContain('&lt;img');
  });
});

describe("the sandbox's own routes", () => {
  test('refuse requests from other origins', async () => {
    const url = await openSession();
    const foreign = { origin: 'https://evil.example' };
    expect((await send(url, { card: visa }, foreign)).status).toBe(403);
    const clock = await fetch(`${harness.sandbox.url}/sandbox/clock`, { method: 'POST', headers: foreign });
    expect(clock.status).toBe(403);
  });

  test('refuse a host name that is not this machine', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const call = httpRequest(
        `${harness.sandbox.url}/sandbox/faults`,
        { headers: { host: 'rebound.example' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      call.on('error', reject);
      call.end();
    });
    expect(status).toBe(403);
  });

  test('name what cannot be read instead of failing', async () => {
    const malformed = await fetch(`${harness.sandbox.url}/sandbox/faults`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(malformed.status).toBe(400);
    const tooLarge = await send(await openSession(), { card: '4'.repeat(20_000) });
    expect(tooLarge.status).toBe(413);
    expect((await fetch(`${harness.sandbox.url}/pay/cs_test_unknown`)).status).toBe(404);
  });

  test('settle a bank debit when told', async () => {
    const session = await harness.stripe.checkout.sessions.create(topUp());
    await harness.control('POST', `/sandbox/sessions/${session.id}/pay`, { bank_debit: 'fail' });
    const settled = await harness.control('POST', `/sandbox/sessions/${session.id}/settle`, { outcome: 'succeed' });
    expect(settled.body).toMatchObject({ status: 'complete', paymentStatus: 'paid' });
    const again = await harness.control('POST', `/sandbox/sessions/${session.id}/settle`, { outcome: 'fail' });
    expect(again.status).toBe(400);
  });

  test('show what the sandbox is and what is in it', async () => {
    const html = await (await fetch(`${harness.sandbox.url}/sandbox`)).text();
    expect(html).toContain('4242424242424242');
    expect(html).toContain('not Stripe');
  });
});

test('an unknown call is refused with an error that the SDK raises', async () => {
  await expect(harness.stripe.coupons.list()).rejects.toMatchObject({ statusCode: 404 });
});
