import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { created, sessionAnswer } from '../../src/commands/api-answers.ts';
import { type ApiClient, createApiClient } from '../../src/commands/api-client.ts';
import { cards } from '../../src/commands/sandbox-client.ts';
import {
  createWhopSandboxClient,
  type WhopSandboxClient,
  whopCheckoutOf,
} from '../../src/commands/whop-sandbox-client.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { payAsYouGoInput } from '../unit/catalog/plans.ts';
import { agencyWorld, accountAnswer as baseAnswer } from './agency-world.ts';

const accountAnswer = baseAnswer.extend({ webhookUrl: z.string().nullable(), dashboardUrl: z.string().nullable() });

let service: TestService;
let whop: WhopSandboxClient;

beforeAll(async () => {
  service = await startTestService();
  whop = createWhopSandboxClient(service.sandbox.url);
});
afterEach(() => whop.setFaults({}));
afterAll(() => service.stop());

interface Agency {
  readonly id: string;
  readonly api: ApiClient;
}

const accountsOf = ({ id }: Agency): string => `/v1/agencies/${id}/merchant-accounts`;

const connect = (agency: Agency, body: object = {}) =>
  agency.api.call('POST', accountsOf(agency), { body: { provider: 'whop', ...body } });

/** An agency with a company of its own, connected by its key. */
async function withOwnKey(name: string) {
  const agency = await service.agency(name);
  const company = await whop.company(name);
  const answer = await connect(agency, { credentials: { apiKey: company.apiKey } });
  expect(answer.status).toBe(201);
  return { ...agency, company, account: accountAnswer.parse(answer.body) };
}

const readAccount = (agency: Agency, accountId: string) =>
  agency.api.get(`${accountsOf(agency)}/${accountId}`, accountAnswer);

/** As Whop's own API shows it to the platform's key. */
async function paymentAtWhop(paymentId: string | null): Promise<unknown> {
  const { apiBase, apiKey } = await whop.access();
  const headers = { authorization: `Bearer ${apiKey}`, 'api-version-date': '2026-07-20' };
  return (await fetch(`${apiBase}/api/v1/payments/${paymentId}`, { headers })).json();
}

async function topUp(agency: Agency, customerId: string) {
  const session = await agency.api.send('POST', '/v1/checkout-sessions', sessionAnswer, {
    idempotencyKey: randomBytes(8).toString('hex'),
    body: { customerId, kind: 'top_up', amount: { amount: '5.00', currency: 'USD' } },
  });
  return { ...session, checkoutId: whopCheckoutOf(session.url) };
}

describe('an agency with a key of its own', () => {
  it('sells on its own company at once, and its clients are credited by its own webhook', async () => {
    const agency = await withOwnKey('Sohar');
    expect(agency.account).toMatchObject({
      status: 'active',
      providerAccountId: agency.company.id,
      effectiveCurrency: 'USD',
      currencyNotice: expect.stringContaining('cannot charge OMR'),
      onboardingUrl: null,
      webhookUrl: expect.stringContaining(`/webhooks/whop/${agency.account.id}`),
    });
    const customerId = await service.customer(agency.api);
    const { orderId, checkoutId } = await topUp(agency, customerId);
    await whop.pay(checkoutId, { card: cards.visa });
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    const [line] = await service.ledger(customerId);
    expect(line?.reference).toContain(`whop:${agency.company.id}:pay_`);
  });

  it('has its key and secret sealed in the database, and shown nowhere', async () => {
    const agency = await withOwnKey('Sealed');
    const database = openDatabase(service.databaseUrl);
    try {
      const rows = await database.prisma.providerCredential.findMany({ where: { agencyId: agency.id } });
      expect(rows).toHaveLength(1);
      const stored = JSON.stringify([
        rows,
        await database.prisma.auditEntry.findMany(),
        await database.prisma.idempotencyRequest.findMany(),
      ]);
      expect(stored).not.toContain(agency.company.apiKey);
      expect(stored).not.toMatch(/ws_[0-9A-Za-z]{8}/);
    } finally {
      await database.close();
    }
    const shown = await agency.api.call('GET', accountsOf(agency));
    expect(shown.text).not.toContain(agency.company.apiKey);
  });

  it('may replace the key, and keeps its account and its clients', async () => {
    const agency = await withOwnKey('Rotating');
    const again = await connect(agency, { credentials: { apiKey: agency.company.apiKey } });
    expect([again.status, accountAnswer.parse(again.body).id]).toEqual([200, agency.account.id]);
  });

  it('is refused with a key that Whop does not know, with another company beside, and with one of another agency', async () => {
    const first = await withOwnKey('First');
    const second = await service.agency('Second');
    expect(await connect(second, { credentials: { apiKey: 'apik_that_nobody_made' } })).toMatchObject({
      status: 422,
      body: { code: 'credentials_refused', errors: [{ path: 'credentials.apiKey' }] },
    });
    expect(await connect(second, { credentials: { apiKey: first.company.apiKey } })).toMatchObject({
      status: 409,
      body: { code: 'merchant_account_taken' },
    });
    const other = await whop.company('Other');
    expect(await connect(first, { credentials: { apiKey: other.apiKey } })).toMatchObject({
      status: 409,
      body: { code: 'merchant_account_exists' },
    });
    const { apiKey } = await whop.access();
    expect(await connect(second, { credentials: { apiKey } })).toMatchObject({
      status: 409,
      body: { code: 'merchant_account_taken' },
    });
  });

  it('cannot bring one to Stripe', async () => {
    const agency = await service.agency('Striped');
    const answer = await connect(agency, { provider: 'stripe', credentials: { apiKey: 'sk_test_of_an_agency' } });
    expect(answer).toMatchObject({ status: 422, body: { code: 'credentials_not_taken' } });
  });

  it('is told why a plan that shares revenue is not sold there', async () => {
    const agency = await withOwnKey('Sharing');
    const plan = { ...payAsYouGoInput, name: 'shared', type: 'revenue_sharing', revenueShare: { agencyPercent: '70' } };
    const { id } = await service.api.send('POST', '/v1/plans', created, { body: { ...plan, publish: true } });
    await service.api.send('PUT', `/v1/agencies/${agency.id}/offers`, z.unknown(), { body: { planIds: [id] } });
    await service.idle();
    const status = await agency.api.call('GET', `/v1/catalog/status?planId=${id}`);
    expect(status.body).toMatchObject({
      data: [{ merchantAccountId: agency.account.id, status: 'blocked', reason: expect.stringContaining('no share') }],
    });
  });
});

describe('an agency under the platform’s company', () => {
  it('completes Whop’s form, is heard of by its own webhook, and sells with the platform’s share taken', async () => {
    const agency = await service.agency('Child');
    const answer = await connect(agency);
    expect(answer.status).toBe(201);
    const account = accountAnswer.parse(answer.body);
    expect(account).toMatchObject({
      status: 'onboarding',
      onboardingUrl: expect.stringContaining('/whop/onboarding/'),
    });
    expect(account.requirements.currentlyDue).toEqual(['verify_identity']);

    await whop.onboard(account.providerAccountId, 'complete');
    await service.idle();
    expect((await readAccount(agency, account.id)).status).toBe('active');

    const world = agencyWorld(service);
    const planId = await world.platformPlan('resold at Whop', [agency]);
    const customerId = await world.subscriber(agency, planId);
    const { orderId, checkoutId } = await topUp(agency, customerId);
    const { paymentId } = await whop.pay(checkoutId, { card: cards.visa });
    await service.idle();
    expect((await service.order(orderId)).status).toBe('paid');
    expect(await service.balance(customerId)).toBe('5.00');
    // 30 % of 5.00 / 1.05.
    const { totals } = await world.revenue(agency.api, agency.id);
    expect(totals).toMatchObject([
      {
        currency: 'USD',
        gross: { amount: '5.00' },
        platformShare: { amount: '1.43' },
        agencyShare: { amount: '3.57' },
      },
    ]);
    expect(await paymentAtWhop(paymentId)).toMatchObject({ application_fee: { amount: 1.43, currency: 'usd' } });
  });

  it('is restricted, with what Whop asks for, when Whop refuses it', async () => {
    const agency = await service.agency('Refused');
    const account = accountAnswer.parse((await connect(agency)).body);
    await whop.onboard(account.providerAccountId, 'refuse');
    await service.idle();
    expect(await readAccount(agency, account.id)).toMatchObject({
      status: 'restricted',
      requirements: { currentlyDue: ['submit_information_request'], disabledReason: expect.any(String) },
    });
  });
});

describe('what arrives at an account’s path', () => {
  const body = (data: object, type = 'payment.succeeded', more: object = {}): string =>
    JSON.stringify({ type, timestamp: '2026-11-21T08:00:00.000Z', data, ...more });

  /** Sent as Whop would, signed at the sandbox's time unless told otherwise. */
  async function deliver(
    path: string,
    text: string,
    { secret, ageSeconds = 0, headers = {} }: { secret: string; ageSeconds?: number; headers?: Record<string, string> },
  ) {
    const id = `msg_${randomBytes(6).toString('hex')}`;
    const at = new Date((await service.sandbox.now()).getTime() - ageSeconds * 1_000);
    const signed = new Webhook(Buffer.from(secret, 'utf8').toString('base64')).sign(id, at, text);
    return createApiClient(service.url, undefined).call('POST', path, {
      text,
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': signed,
        ...headers,
      },
    });
  }

  it('is refused when it is not signed with that account’s secret, in time, with all three headers', async () => {
    const secret = `ws_${'0'.repeat(64)}`;
    const ours = await withOwnKeyAndSecret('Guarded', secret);
    const theirs = await withOwnKey('Neighbour');
    const path = `/webhooks/whop/${ours.account.id}`;
    const text = body({ id: 'pay_1' });
    const refusals = [
      await deliver(path, text, { secret: `ws_${'1'.repeat(64)}` }),
      await deliver(`/webhooks/whop/${theirs.account.id}`, text, { secret }),
      await deliver('/webhooks/whop/macc_nobodys', text, { secret }),
      await deliver(path, text, { secret, ageSeconds: 301 }),
      await deliver(path, text, { secret, ageSeconds: -301 }),
      await deliver(path, text, { secret, headers: { 'webhook-signature': '' } }),
      await deliver(path, text, { secret, headers: { 'webhook-timestamp': '' } }),
      await deliver(path, text, { secret, headers: { 'webhook-id': 'msg_another' } }),
      await deliver(path, 'not an event', { secret }),
    ];
    expect(refusals.map(({ status, body: answer }) => [status, codeOf(answer)])).toEqual(
      refusals.map(() => [400, 'invalid_signature']),
    );
    expect((await deliver(path, text, { secret })).status).toBe(200);
  });

  it('is never believed about money: a payment that Whop does not show credits nothing', async () => {
    const secret = `ws_${'2'.repeat(64)}`;
    const agency = await withOwnKeyAndSecret('Forged', secret);
    const customerId = await service.customer(agency.api);
    const { orderId } = await topUp(agency, customerId);
    const payment = { id: 'pay_forged', status: 'paid', metadata: { baisa_order: orderId, baisa_agency: agency.id } };
    expect((await deliver(`/webhooks/whop/${agency.account.id}`, body(payment), { secret })).status).toBe(200);
    await service.idle();
    expect((await service.order(orderId)).status).toBe('checkout');
    expect(await service.balance(customerId)).toBe('0.00');
  });

  it('is stored as ignored when it tells of another account, or of what nobody hears', async () => {
    const secret = `ws_${'3'.repeat(64)}`;
    const agency = await withOwnKeyAndSecret('Ignoring', secret);
    const path = `/webhooks/whop/${agency.account.id}`;
    const answers = [
      await deliver(path, body({ id: 'pay_1' }, 'payment.succeeded', { company_id: 'biz_another' }), { secret }),
      await deliver(path, body({ id: 'pay_1' }, 'payment.succeeded', { account_id: 'biz_another' }), { secret }),
      await deliver(path, body({ id: 'chat_1' }, 'chat.message.created'), { secret }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    const events = z.object({ data: z.array(z.object({ status: z.string(), reason: z.string().nullable() })) });
    const { data } = await service.api.get('/v1/events?limit=3', events);
    expect(data.map(({ status, reason }) => `${status} ${reason?.split(':')[0]}`).sort()).toEqual([
      'ignored other_account',
      'ignored other_account',
      'ignored unhandled_type',
    ]);
  });

  it('credits nobody when the payment is of another agency’s order', async () => {
    const victim = await withOwnKey('Victim');
    const thief = await withOwnKey('Thief');
    const customerId = await service.customer(victim.api);
    const { orderId } = await topUp(victim, customerId);
    const { apiBase } = await whop.access();
    const made = await fetch(`${apiBase}/api/v1/checkout_configurations`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${thief.company.apiKey}`,
        'api-version-date': '2026-07-20',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        account_id: thief.company.id,
        mode: 'payment',
        plan: { plan_type: 'one_time', currency: 'usd', initial_price: 5, force_create_new_plan: true },
        metadata: { baisa_order: orderId, baisa_agency: victim.id },
      }),
    });
    const { id } = created.parse(await made.json());
    await whop.pay(id, { card: cards.visa });
    await service.idle();
    expect(await service.balance(customerId)).toBe('0.00');
    const parked = await service.api.call('GET', '/v1/events?status=parked');
    expect(parked.text).toContain('account_mismatch');
  });

  const codeOf = (answer: unknown): string | undefined => z.object({ code: z.string() }).safeParse(answer).data?.code;

  /** The agency made its webhook at Whop itself, and gives its secret. */
  async function withOwnKeyAndSecret(name: string, webhookSecret: string) {
    const agency = await service.agency(name);
    const company = await whop.company(name);
    const answer = await connect(agency, { credentials: { apiKey: company.apiKey, webhookSecret } });
    expect(answer.status).toBe(201);
    return { ...agency, company, account: accountAnswer.parse(answer.body) };
  }
});
