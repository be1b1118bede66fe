import { createServer, type IncomingMessage } from 'node:http';
import { pino } from 'pino';
import Stripe from 'stripe';
import { MovableClock } from '../../../src/clock.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { createTestDatabase } from '../../support/database.ts';

export const secretKey = 'sk_test_sandbox';
export const webhookSecret = 'whsec_known';

/** A delivery as it arrived, its signature checked by the SDK. */
export interface Arrival {
  readonly event: Stripe.Event;
  readonly raw: string;
}

export interface Receiver {
  readonly url: string;
  readonly arrivals: Arrival[];
  /** Deliveries that only say that something happened, checked like the others. */
  readonly notifications: Stripe.V2.Core.EventNotification[];
  /** What the next deliveries get; 200 at first. */
  answer(status: number): void;
  close(): Promise<void>;
}

export const types = (receiver: Receiver): string[] => receiver.arrivals.map(({ event }) => event.type);

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

/** Refuses (400) whatever is not signed for `clock`'s time. */
export async function startReceiver(clock: MovableClock, secret = webhookSecret): Promise<Receiver> {
  const arrivals: Arrival[] = [];
  const notifications: Stripe.V2.Core.EventNotification[] = [];
  const stripe = new Stripe('sk_test_unused', { telemetry: false });
  let status = 200;
  const server = createServer(async (request, response) => {
    const raw = await bodyOf(request);
    try {
      const signature = String(request.headers['stripe-signature']);
      const now = Math.floor(clock.now().getTime() / 1000);
      if (JSON.parse(raw).object === 'v2.core.event') {
        notifications.push(stripe.parseEventNotification(raw, signature, secret, 300, undefined, now * 1000));
      } else {
        const event = Stripe.webhooks.constructEvent(raw, signature, secret, 300, undefined, now * 1000);
        if (status === 200) arrivals.push({ event, raw });
      }
      response.writeHead(status).end();
    } catch {
      response.writeHead(400).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    arrivals,
    notifications,
    answer: (next) => {
      status = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export const clientFor = (sandbox: Sandbox, key = secretKey): Stripe =>
  new Stripe(key, {
    host: '127.0.0.1',
    port: sandbox.port,
    protocol: 'http',
    maxNetworkRetries: 0,
    telemetry: false,
  });

export interface Harness {
  readonly databaseUrl: string;
  readonly clock: MovableClock;
  readonly sandbox: Sandbox;
  readonly stripe: Stripe;
  readonly receiver: Receiver;
  /** POSTs or PUTs JSON to the sandbox's own routes. */
  control(method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
}

export const optionsFor = (databaseUrl: string, clock: MovableClock): SandboxOptions => ({
  databaseUrl,
  clock,
  host: '127.0.0.1',
  port: 0,
  secretKey,
  logger: pino({ level: 'silent' }),
});

/** A sandbox on a database of its own, a client and a receiver that hears everything. */
export async function startHarness(more: Partial<SandboxOptions> = {}): Promise<Harness> {
  const database = await createTestDatabase();
  const clock = new MovableClock();
  const sandbox = await startSandbox({ ...optionsFor(database.url, clock), ...more });
  const receiver = await startReceiver(clock);
  await sandbox.ensureWebhookEndpoint({ url: receiver.url, secret: webhookSecret, enabledEvents: ['*'] });
  return {
    databaseUrl: database.url,
    clock,
    sandbox,
    stripe: clientFor(sandbox),
    receiver,
    control: async (method, path, body) => {
      const response = await fetch(`${sandbox.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    close: async () => {
      await sandbox.close();
      await receiver.close();
      await database.drop();
    },
  };
}

/** The error of a call that must fail, as the SDK raised it. */
export async function failureOf(call: Promise<unknown>): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('the call succeeded');
}

export const topUp = (amount = 1930, currency = 'omr'): Stripe.Checkout.SessionCreateParams => ({
  mode: 'payment',
  success_url: 'https://shop.example/paid?session={CHECKOUT_SESSION_ID}',
  cancel_url: 'https://shop.example/back',
  line_items: [
    { quantity: 1, price_data: { currency, unit_amount: amount, product_data: { name: 'Top-up: 5.00 USD' } } },
  ],
  metadata: { order: 'ord_1' },
  payment_intent_data: { metadata: { order: 'ord_1' } },
  adaptive_pricing: { enabled: false },
});

export const visa = '4242424242424242';
