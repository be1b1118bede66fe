import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type LocalServer, serve, stripeAt } from './stripe-support.ts';

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The form of a write, or the query of a read, as names and values. */
  readonly form: Readonly<Record<string, string>>;
}

interface Expected {
  readonly status: number;
  readonly answer: object;
  readonly resolve: (sent: Sent) => void;
}

const expected: Expected[] = [];
let server: LocalServer;
let provider: ReturnType<typeof stripeAt> | undefined;

/** The adapter, set against the recording server of this file. */
export function stripe(): ReturnType<typeof stripeAt> {
  if (!provider) throw new Error('the recorder runs within tests only');
  return provider;
}

/** Answers the next request to Stripe and tells what it was. */
export const expectRequest = (answer: object, status = 200): Promise<Sent> =>
  new Promise((resolve) => {
    expected.push({ status, answer, resolve });
  });

/** A call and the request it sent. */
export async function wire<T>(answer: object, call: () => Promise<T>): Promise<Sent & { result: T }> {
  const sent = expectRequest(answer);
  const result = await call();
  return { ...(await sent), result };
}

/** Starts and stops the recording server around a file's tests; an expected request that was never sent fails its test. */
export function recordRequests(): void {
  beforeAll(async () => {
    server = await serve((request, response, body) => {
      const next = expected.shift();
      const url = new URL(request.url ?? '/', 'http://stripe.test');
      const method = request.method ?? '';
      response.writeHead(next?.status ?? 501, { 'content-type': 'application/json' });
      response.end(JSON.stringify(next?.answer ?? {}));
      next?.resolve({
        method,
        path: url.pathname,
        headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
        form: Object.fromEntries(new URLSearchParams(method === 'POST' ? body : url.search)),
      });
    });
    provider = stripeAt({ apiBase: server.url });
  });

  afterEach(() => expect(expected).toEqual([]));

  afterAll(() => server.close());
}

export const product = {
  id: 'plan_1',
  object: 'product',
  name: 'Gold',
  description: null,
  active: true,
  metadata: { baisa_plan: 'plan_1' },
};
export const price = {
  id: 'price_1',
  object: 'price',
  product: 'plan_1',
  lookup_key: 'baisa:plan_1:monthly',
  currency: 'omr',
  unit_amount: 18_870,
  recurring: { interval: 'month', interval_count: 1, usage_type: 'licensed' },
  tax_behavior: 'inclusive',
  active: true,
  metadata: { baisa_plan: 'plan_1' },
};
export const taxRate = {
  id: 'txr_1',
  object: 'tax_rate',
  display_name: 'GST',
  percentage: 7.5,
  inclusive: true,
  country: 'OM',
  active: true,
  metadata: { baisa_agency: 'agency_1' },
};
export const meter = {
  id: 'mtr_1',
  object: 'billing.meter',
  event_name: 'baisa_minutes',
  display_name: 'Call minutes',
  default_aggregation: { formula: 'sum' },
  customer_mapping: { type: 'by_id', event_payload_key: 'stripe_customer_id' },
  value_settings: { event_payload_key: 'value' },
  status: 'active',
};
export const session = {
  id: 'cs_1',
  object: 'checkout.session',
  url: 'https://checkout.stripe.com/c/pay/cs_1',
  status: 'open',
  expires_at: 1_793_500_000,
  payment_intent: null,
  client_reference_id: 'ord_1',
};
export const list = (...data: object[]): object => ({ object: 'list', data, has_more: false, url: '/v1/x' });
