import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { reportSchema } from '../../reconciliation/finding.ts';
import { balanceAnswer, created, issuedKey, ledgerLine, orderAnswer, sessionAnswer } from '../api-answers.ts';
import type { ApiClient } from '../api-client.ts';
import { cards, providerSessionOf } from '../sandbox-client.ts';
import { until } from '../until.ts';
import { createWhopSandboxClient, whopCheckoutOf } from '../whop-sandbox-client.ts';
import { check, type Step } from './step.ts';
import { settled, usd, type World } from './world.ts';

/** The agency of these steps brings a company of its own at Whop. */
interface WhopAgency {
  readonly id: string;
  readonly api: ApiClient;
  readonly accountId: string;
}

const agencies = new WeakMap<World, WhopAgency>();

function agencyOf(world: World): WhopAgency {
  const agency = agencies.get(world);
  if (!agency) throw new Error('no agency has connected a company at Whop');
  return agency;
}

const accountAnswer = z.object({
  id: z.string(),
  status: z.string(),
  effectiveCurrency: z.string(),
  webhookUrl: z.string().nullable(),
});

const pageAnswer = z.object({ url: z.string() });
const subscriptionAnswer = z.object({ status: z.string(), periodEnd: z.string().nullable() });

const plans = new WeakMap<World, string>();

const statusAnswer = z.object({
  data: z.array(z.object({ merchantAccountId: z.string(), status: z.string(), notices: z.array(z.string()) })),
});

const providers = ['stripe', 'whop'] as const;

/** A top-up of 5.00 USD that is paid, and the provider's id of what paid it. */
async function payTopUp(world: World, customerId: string, provider: (typeof providers)[number]) {
  const { orderId, url } = await world.agency.send('POST', '/v1/checkout-sessions', sessionAnswer, {
    idempotencyKey: randomBytes(12).toString('hex'),
    body: { customerId, kind: 'top_up', provider, amount: usd('5.00') },
  });
  const paymentId = provider === 'stripe' ? await payAtStripe(world, url) : await payAtWhop(world, url);
  await until(
    `an order paid at ${provider}`,
    async () => {
      await settled(world);
      return world.agency.get(`/v1/orders/${orderId}`, orderAnswer);
    },
    ({ status }) => status === 'paid',
  );
  return { orderId, paymentId };
}

async function payAtStripe(world: World, url: string | null): Promise<string> {
  const session = providerSessionOf(url);
  await world.sandbox.pay(session, { card: cards.visa });
  return (await world.sandbox.provider(`/v1/checkout/sessions/${session}`, sessionPayment)).payment_intent;
}

async function payAtWhop(world: World, url: string | null): Promise<string> {
  const { paymentId } = await createWhopSandboxClient(world.sandbox.url).pay(whopCheckoutOf(url), { card: cards.visa });
  if (paymentId === null) throw new Error('nothing was paid at Whop');
  return paymentId;
}

/** Reconciles, and answers what the report says of the accounts that show their payments alone. */
async function reconciledAtWhop(world: World): Promise<string> {
  const { id } = await world.platform.send('POST', '/v1/reconciliations', created, { body: {} });
  const run = await until(
    'a reconciliation that is over',
    () => world.platform.get(`/v1/reconciliations/${id}`, runAnswer),
    ({ status }) => status === 'done' || status === 'failed',
  );
  check('why the reconciliation failed', run.error, null);
  const repaired = run.found.some((each) => each.class === 'missing_reversal' && each.status === 'repaired');
  check('the refund that nobody told of is booked', repaired, true);
  const reports = run.reports.filter(({ basis }) => basis === 'payments');
  for (const { provider, books } of reports) check('the books', books, provider);
  const [largest] = reports.toSorted((a, b) => b.entries - a.entries);
  return `compared by ${largest?.basis}, for Whop shows no balance: provider ${largest?.provider} ${largest?.currency} = books ${largest?.books}`;
}

const sessionPayment = z.object({ payment_intent: z.string() });
const historyLine = z.object({ kind: z.string(), orderId: z.string().nullable() });
const runAnswer = z.object({
  status: z.string(),
  error: z.string().nullable(),
  reports: z.array(reportSchema),
  found: z.array(z.object({ class: z.string(), status: z.string() })),
});

export const whopSteps: readonly Step[] = [
  {
    name: 'whop.connects',
    title: 'Another agency connects its company at Whop with a key of its own',
    run: async (world) => {
      const run = randomBytes(4).toString('hex');
      const body = { name: `Sohar Calls ${run}`, email: `${run}@agency.example`, country: 'OM' };
      const { id } = await world.platform.send('POST', '/v1/agencies', created, { body });
      const { key } = await world.platform.send('POST', `/v1/agencies/${id}/api-keys`, issuedKey, { body: {} });
      const api = world.platform.as(key);
      const { apiKey } = await createWhopSandboxClient(world.sandbox.url).company(body.name);
      const account = await api.send('POST', `/v1/agencies/${id}/merchant-accounts`, accountAnswer, {
        body: { provider: 'whop', credentials: { apiKey } },
      });
      check('the account', account.status, 'active');
      check(
        'Whop tells of it at a path of its own',
        account.webhookUrl?.endsWith(`/webhooks/whop/${account.id}`),
        true,
      );
      agencies.set(world, { id, api, accountId: account.id });
      return `active, charging ${account.effectiveCurrency}; its webhook is registered`;
    },
  },
  {
    name: 'whop.publishes',
    title: 'A plan is published there, and the status says what Whop has instead of a meter',
    run: async (world) => {
      const { api, accountId } = agencyOf(world);
      const plan = {
        name: 'whop',
        displayName: 'Calls',
        type: 'usage_based',
        pricingModel: 'fixed',
        cycles: { monthly: '49.00' },
        currency: 'USD',
        usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20', collect: 'invoice' }],
        publish: true,
      };
      const { id: planId } = await api.send('POST', '/v1/plans', created, { body: plan });
      plans.set(world, planId);
      const { data } = await until(
        'a plan in sync at Whop',
        () => api.get(`/v1/catalog/status?planId=${planId}`, statusAnswer),
        (status) => status.data.some((line) => line.merchantAccountId === accountId && line.status === 'in_sync'),
      );
      const notices = data.flatMap((line) => line.notices);
      check(
        'overage is drawn from the balance',
        notices.some((notice) => notice.includes('drawn from the balance')),
        true,
      );
      return notices.join(' ');
    },
  },
  {
    name: 'whop.subscribes',
    title: 'A client subscribes on Whop’s page: the membership is its subscription',
    run: async (world) => {
      const { api } = agencyOf(world);
      const client = { name: 'Member', email: `${randomBytes(4).toString('hex')}@client.example` };
      const { id: customerId } = await api.send('POST', '/v1/customers', created, { body: client });
      const { url } = await api.send('POST', '/v1/checkout-sessions', pageAnswer, {
        idempotencyKey: randomBytes(12).toString('hex'),
        body: { customerId, kind: 'subscription', planId: plans.get(world), cycle: 'monthly' },
      });
      await createWhopSandboxClient(world.sandbox.url).pay(whopCheckoutOf(url), { card: cards.visa });
      const path = `/v1/customers/${customerId}/subscription`;
      await until(
        'a membership that is heard of',
        async () => {
          await settled(world);
          return api.call('GET', path);
        },
        ({ status }) => status === 200,
      );
      const { status, periodEnd } = await api.get(path, subscriptionAnswer);
      check('the subscription', status, 'active');
      return `active, paid until ${periodEnd?.slice(0, 10)}`;
    },
  },
  {
    name: 'whop.both',
    title: 'A client of the first agency pays at both providers, and has one statement',
    run: async (world) => {
      const client = { name: 'Two Ways', email: `${randomBytes(4).toString('hex')}@client.example` };
      const { id: customerId } = await world.agency.send('POST', '/v1/customers', created, { body: client });
      for (const provider of providers) await payTopUp(world, customerId, provider);
      const { balance } = await world.agency.get(`/v1/customers/${customerId}/balance`, balanceAnswer);
      check('the balance', balance, Money.of('10.00', 'USD'));
      const lines = await world.agency.all(`/v1/customers/${customerId}/ledger`, ledgerLine);
      const paidAt = lines.map(({ reference }) => reference.split(':')[0]);
      check('where it was paid, newest first', paidAt, ['whop', 'stripe']);
      return 'paid in OMR at Stripe and in USD at Whop: one balance of 10.00 USD';
    },
  },
  {
    name: 'whop.gives_back',
    title:
      'A refund, a dispute and a lost one at Whop: the client’s history mixes both providers, and provider = books',
    run: async (world) => {
      const client = { name: 'Back Again', email: `${randomBytes(4).toString('hex')}@client.example` };
      const { id: customerId } = await world.agency.send('POST', '/v1/customers', created, { body: client });
      const paidAt = async (provider: (typeof providers)[number]) => payTopUp(world, customerId, provider);
      const [atStripe, refunded, disputed] = [await paidAt('stripe'), await paidAt('whop'), await paidAt('whop')];
      const whop = createWhopSandboxClient(world.sandbox.url);
      await world.agency.send('POST', `/v1/transactions/${refunded.orderId}/refunds`, created, {
        idempotencyKey: randomBytes(12).toString('hex'),
        body: { amount: usd('2.00') },
      });
      await whop.dispute(disputed.paymentId, { kind: 'chargeback' });
      await settled(world);
      await whop.setFaults({ dropDeliveries: true });
      await whop.refundInDashboard(refunded.paymentId, { amount: 1 });
      await whop.setFaults({});
      const line = await reconciledAtWhop(world);
      const { balance } = await world.agency.get(`/v1/customers/${customerId}/balance`, balanceAnswer);
      check('the balance', balance, Money.of('7.00', 'USD'));
      const history = await world.agency.all(`/v1/customers/${customerId}/transactions`, historyLine);
      const orders = new Set(history.flatMap(({ orderId }) => orderId ?? []));
      check('orders in the history', orders, new Set([atStripe, refunded, disputed].map(({ orderId }) => orderId)));
      check('refunds in the history', history.filter(({ kind }) => kind === 'refund').length, 2);
      return line;
    },
  },
];
