import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Money } from '../../money/money.ts';
import { created, issuedKey, sessionAnswer } from '../api-answers.ts';
import type { ApiClient } from '../api-client.ts';
import { cards, providerSessionOf } from '../sandbox-client.ts';
import { until } from '../until.ts';
import { check, type Step, written } from './step.ts';
import { settled, usd, type World } from './world.ts';

/** The agency of these steps: it connects an account of its own, which the demo's first one does not. */
interface Reseller {
  readonly id: string;
  readonly api: ApiClient;
  readonly accountId: string;
  readonly providerAccountId: string;
  planId: string;
}

const resellers = new WeakMap<World, Reseller>();

function resellerOf(world: World): Reseller {
  const reseller = resellers.get(world);
  if (!reseller) throw new Error('no agency has connected an account');
  return reseller;
}

const accountAnswer = z.object({
  id: z.string(),
  providerAccountId: z.string(),
  status: z.string(),
  effectiveCurrency: z.string(),
  onboardingUrl: z.string().nullable().optional(),
});

const readAccount = ({ id, api, accountId }: Pick<Reseller, 'id' | 'api' | 'accountId'>) =>
  api.get(`/v1/agencies/${id}/merchant-accounts/${accountId}`, accountAnswer);

const accountBecomes = (reseller: Reseller, wanted: string) =>
  until(
    `an account that is ${wanted}`,
    () => readAccount(reseller),
    ({ status }) => status === wanted,
  );

const statusAnswer = z.object({
  data: z.array(z.object({ merchantAccountId: z.string(), status: z.string() })),
});

const planStatus = async ({ platform }: World, { planId, accountId }: Reseller): Promise<string> => {
  const { data } = await platform.get(`/v1/catalog/status?planId=${planId}`, statusAnswer);
  return data.find(({ merchantAccountId }) => merchantAccountId === accountId)?.status ?? 'absent';
};

const money = z.object({ amount: z.string(), currency: z.string() }).transform((m) => Money.of(m.amount, m.currency));
const revenueAnswer = z.object({
  totals: z.array(z.object({ currency: z.string(), gross: money, platformShare: money, agencyShare: money })),
});
const noticesAnswer = z.object({
  data: z.array(z.object({ kind: z.string(), status: z.string(), subject: z.string() })),
});

/** 70 % of what is net of 5 % tax are the agency's. */
const sharedPlan = {
  name: 'resold',
  displayName: 'Resold minutes',
  type: 'revenue_sharing',
  pricingModel: 'pay_as_you_go',
  currency: 'USD',
  tax: { name: 'GST', percent: '5', inclusive: true },
  usage: [{ feature: 'call_minutes', included: '0', overagePrice: '0.20' }],
  revenueShare: { agencyPercent: '70' },
};

export const agencySteps: readonly Step[] = [
  {
    name: 'agency.connects',
    title: 'An agency connects an account of its own and completes the provider’s form',
    run: async (world) => {
      const run = randomBytes(4).toString('hex');
      const body = { name: `Reseller ${run}`, email: `${run}@agency.example`, country: 'AE' };
      const { id } = await world.platform.send('POST', '/v1/agencies', created, { body });
      const { key } = await world.platform.send('POST', `/v1/agencies/${id}/api-keys`, issuedKey, { body: {} });
      const api = world.platform.as(key);
      const made = await api.send('POST', `/v1/agencies/${id}/merchant-accounts`, accountAnswer, {
        body: { provider: 'stripe' },
      });
      check('the account at first', made.status, 'onboarding');
      check('where to go on is said', typeof made.onboardingUrl, 'string');
      const reseller: Reseller = {
        id,
        api,
        accountId: made.id,
        providerAccountId: made.providerAccountId,
        planId: '',
      };
      resellers.set(world, reseller);
      await world.sandbox.onboard(made.providerAccountId, 'complete');
      const account = await accountBecomes(reseller, 'active');
      return `${account.providerAccountId} takes payments in ${account.effectiveCurrency}`;
    },
  },
  {
    name: 'agency.publishes',
    title: 'A platform plan that the agency may resell is published to the agency’s own account',
    run: async (world) => {
      const reseller = resellerOf(world);
      const body = { ...sharedPlan, name: `resold-${reseller.id.slice(-8)}`, publish: true };
      const plan = await world.platform.send('POST', '/v1/plans', created, { body });
      reseller.planId = plan.id;
      await world.platform.send('PUT', `/v1/agencies/${reseller.id}/offers`, z.unknown(), {
        body: { planIds: [plan.id] },
      });
      await until(
        'a plan in sync on the agency’s account',
        () => planStatus(world, reseller),
        (status) => status === 'in_sync',
      );
      return 'in sync';
    },
  },
  {
    name: 'agency.sells',
    title: 'Its client pays on the agency’s account, and the platform’s share is taken as an application fee',
    run: async (world) => {
      const { api, id, planId } = resellerOf(world);
      const client = { name: 'Nizwa Clinic', email: `${id.slice(-8)}@client.example` };
      const { id: customerId } = await api.send('POST', '/v1/customers', created, { body: client });
      await api.send('POST', `/v1/customers/${customerId}/subscription`, created, { body: { planId } });
      const session = await api.send('POST', '/v1/checkout-sessions', sessionAnswer, {
        idempotencyKey: randomBytes(12).toString('hex'),
        body: { customerId, kind: 'top_up', amount: usd('5.00') },
      });
      await world.sandbox.pay(providerSessionOf(session.url), { card: cards.visa });
      const revenue = await until(
        'revenue in OMR',
        async () => {
          await settled(world);
          return api.get(`/v1/agencies/${id}/revenue`, revenueAnswer);
        },
        ({ totals }) => totals.some(({ currency }) => currency === 'OMR'),
      );
      const total = revenue.totals.find(({ currency }) => currency === 'OMR');
      if (!total) throw new Error('the revenue in OMR vanished');
      // 30 % of 1.930 / 1.05, to the step that can be charged.
      check('gross', total.gross, Money.of('1.930', 'OMR'));
      check('the platform’s share', total.platformShare, Money.of('0.550', 'OMR'));
      check('the agency’s share', total.agencyShare, Money.of('1.380', 'OMR'));
      return `${written(total.gross)} = ${written(total.platformShare)} + ${written(total.agencyShare)}`;
    },
  },
  {
    name: 'agency.notice',
    title: 'The client’s receipt lies ready, in the agency’s name',
    run: async (world) => {
      const { api } = resellerOf(world);
      const { data } = await until(
        'a receipt',
        async () => {
          await settled(world);
          return api.get('/v1/notices', noticesAnswer);
        },
        (notices) => notices.data.some(({ kind }) => kind === 'receipt'),
      );
      return data.map(({ subject, status }) => `"${subject}" (${status})`).join(', ');
    },
  },
  {
    name: 'agency.leaves_and_returns',
    title: 'The account’s owner takes the access back: nothing is sold there until it is given again',
    run: async (world) => {
      const reseller = resellerOf(world);
      await world.sandbox.deauthorize(reseller.providerAccountId);
      await accountBecomes(reseller, 'disconnected');
      await world.sandbox.authorize(reseller.providerAccountId);
      await accountBecomes(reseller, 'active');
      await until(
        'the plan back in sync',
        () => planStatus(world, reseller),
        (status) => status === 'in_sync',
      );
      return 'disconnected, then active again under the same id';
    },
  },
];
