import { pino } from 'pino';
import Stripe from 'stripe';
import { z } from 'zod';
import { MovableClock } from '../../../src/clock.ts';
import { createStripeProvider } from '../../../src/providers/stripe/stripe-provider.ts';
import { createWhopProvider } from '../../../src/providers/whop/whop-provider.ts';
import { type Sandbox, startSandbox } from '../../../src/sandbox/sandbox.ts';
import { createTestDatabase } from '../../support/database.ts';
import type { ContractSubject } from './contract-run.ts';
import { sandboxStage, stripeCardHands } from './stripe-hands.ts';
import { takesPayments, takesWhopPayments } from './take-payment.ts';

export const secretKey = 'sk_test_contract';
export const whopApiKey = 'apik_sandbox_contract';

interface Started {
  readonly sandbox: Sandbox;
  readonly clock: MovableClock;
  close(): Promise<void>;
}

async function start(): Promise<Started> {
  const database = await createTestDatabase();
  const clock = new MovableClock();
  const sandbox = await startSandbox({
    databaseUrl: database.url,
    clock,
    host: '127.0.0.1',
    port: 0,
    secretKey,
    whopApiKey,
    logger: pino({ level: 'silent' }),
  });
  return {
    sandbox,
    clock,
    close: async () => {
      await sandbox.close();
      await database.drop();
    },
  };
}

const stripeAt = (url: string): Stripe => {
  const { hostname, port } = new URL(url);
  return new Stripe(secretKey, { host: hostname, port, protocol: 'http', telemetry: false });
};

export async function startStripe(): Promise<ContractSubject & { url: string; clock: MovableClock }> {
  const { sandbox, clock, close } = await start();
  const stripe = stripeAt(sandbox.url);
  const account = { id: sandbox.accountId, platform: true };
  return {
    url: sandbox.url,
    clock,
    now: () => clock.now(),
    cards: stripeCardHands(stripe, account),
    stage: sandboxStage(sandbox.url, stripe, account),
    provider: createStripeProvider({ apiKey: secretKey, apiBase: sandbox.url, maxNetworkRetries: 0 }),
    account,
    takePayment: takesPayments(stripe, account),
    currency: 'OMR',
    runId: 'sandbox',
    close,
  };
}

/** The same sandbox, seen from an account that is connected to the platform: every call goes through `Stripe-Account`. */
export async function startStripeConnected(): Promise<ContractSubject> {
  const subject = await startStripe();
  const stripe = stripeAt(subject.url);
  const { id } = await stripe.accounts.create({ country: 'AE' });
  const account = { id, platform: false };
  return {
    ...subject,
    account,
    takePayment: takesPayments(stripe, account),
    cards: stripeCardHands(stripe, account),
    stage: sandboxStage(subject.url, stripe, account),
  };
}

export async function control<Schema extends z.ZodType>(
  url: string,
  schema: Schema,
  { method = 'POST', body }: { readonly method?: string; readonly body: object },
): Promise<z.output<Schema>> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return schema.parse(await response.json());
}

export interface WhopSubject extends ContractSubject {
  readonly url: string;
  readonly clock: MovableClock;
}

export async function startWhop(
  keyOf?: (url: string) => Promise<{ id: string; apiKey: string }>,
): Promise<WhopSubject> {
  const { sandbox, clock, close } = await start();
  const own = await keyOf?.(sandbox.url);
  const account = own ? { id: own.id, platform: false } : { id: sandbox.whop.companyId, platform: true };
  const provider = createWhopProvider({
    apiKey: whopApiKey,
    companyId: sandbox.whop.companyId,
    apiBase: sandbox.whop.apiBase(),
    livemode: false,
    keyOf: async (accountId) => (accountId === own?.id ? own.apiKey : null),
  });
  return {
    url: sandbox.url,
    clock,
    now: () => clock.now(),
    provider,
    account,
    takePayment: takesWhopPayments(sandbox.url, provider, account),
    currency: 'USD',
    runId: 'sandbox',
    close,
  };
}

/** A company under the platform's, which the platform's key reaches. */
export async function startWhopChild(): Promise<WhopSubject> {
  const subject = await startWhop();
  const { connect } = subject.provider.accounts;
  if (!connect) throw new Error('Whop connects accounts');
  const wanted = {
    merchantAccountId: 'macc_1',
    agencyId: 'agc_1',
    name: 'Muscat',
    email: 'm@m.example',
    country: 'OM',
  };
  const { id } = await connect.create(wanted, { idempotencyKey: 'merchant_account:macc_1:1' });
  const onboarding = `${subject.url}/sandbox/whop/accounts/${id}/onboarding`;
  await control(onboarding, z.object({ id: z.string() }), { body: { outcome: 'complete' } });
  const account = { id, platform: false };
  return { ...subject, account, takePayment: takesWhopPayments(subject.url, subject.provider, account) };
}

/** A company of its own, reached by the key that it brings. */
export const startWhopWithOwnKey = (): Promise<WhopSubject> =>
  startWhop((url) =>
    control(`${url}/sandbox/whop/companies`, z.object({ id: z.string(), apiKey: z.string() }), {
      body: { title: 'Sohar' },
    }),
  );
