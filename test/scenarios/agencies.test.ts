import Stripe from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { startTestService, type TestService } from '../support/service.ts';
import { accountAnswer, agencyWorld } from './agency-world.ts';

let service: TestService;
let stripe: Stripe;
let world: ReturnType<typeof agencyWorld>;

beforeAll(async () => {
  service = await startTestService();
  world = agencyWorld(service);
  const sandbox = new URL(service.sandbox.url);
  stripe = new Stripe(service.sandboxSecretKey, {
    host: sandbox.hostname,
    port: sandbox.port,
    protocol: 'http',
    telemetry: false,
  });
});
afterAll(() => service.stop());

const omani = { country: 'AE' };
const american = { country: 'US' };

describe('onboarding', () => {
  it('makes an account that cannot charge yet, says where to go on, and is active once its owner completed the form', async () => {
    const agency = await world.begin('Muscat', omani);
    expect(agency.account).toMatchObject({ status: 'onboarding', chargeCurrency: 'OMR', effectiveCurrency: 'OMR' });
    expect(agency.account.requirements.currentlyDue).not.toEqual([]);
    expect(agency.account.onboardingUrl).toMatch(/\/connect\/onboarding\//);
    await service.sandbox.onboard(agency.account.providerAccountId, 'complete');
    await service.idle();
    expect(await world.accountOf(agency)).toMatchObject({ status: 'active', requirements: { currentlyDue: [] } });
  });

  it('leads its owner through the provider’s page and back, and a used link on to a new one', async () => {
    const agency = await world.begin('Nizwa', omani);
    const link = agency.account.onboardingUrl ?? '';
    expect((await fetch(link)).status).toBe(200);
    const answered = await fetch(link, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'outcome=unfinished',
    });
    const back = await fetch(answered.headers.get('location') ?? '');
    const page = await back.text();
    expect(page).toContain('Your account is not ready yet');
    expect(page).toContain('Continue with the payment provider');
    // The link was used: the provider sends its follower to us, and we to a link that works.
    const again = await fetch(link);
    expect(again.url).toMatch(/\/connect\/onboarding\//);
    expect(again.url).not.toBe(link);
    expect(again.status).toBe(200);
  });

  it('leads nobody on while the agency is disabled, by whichever link, and notes who tried', async () => {
    const agency = await world.begin('Bahla', omani);
    const answered = await fetch(agency.account.onboardingUrl ?? '', {
      method: 'POST',
      redirect: 'manual',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'outcome=unfinished',
    });
    const back = answered.headers.get('location') ?? '';
    const path = `/v1/agencies/${agency.id}`;
    await service.api.send('PATCH', path, z.unknown(), { body: { disabled: true } });
    for (const link of [back, back.replace('/connect/return', '/connect/refresh')]) {
      const refused = await fetch(link, { redirect: 'manual' });
      expect(refused.status, link).toBe(403);
      expect(await refused.text()).toContain('agency_disabled');
    }
    const trail = await service.api.call('GET', `/v1/audit?subject=${agency.account.id}`);
    expect(JSON.stringify(trail.body)).toContain('agency_disabled');
    await service.api.send('PATCH', path, z.unknown(), { body: { disabled: false } });
    expect((await fetch(back)).status).toBe(200);
  });

  it('continues the account that is not ready instead of making a second, and refuses one beside an active one', async () => {
    const agency = await world.begin('Sur', omani);
    const path = `/v1/agencies/${agency.id}/merchant-accounts`;
    const again = await agency.api.call('POST', path, { body: { provider: 'stripe' } });
    expect(again.status).toBe(200);
    expect(accountAnswer.parse(again.body).id).toBe(agency.account.id);
    await service.sandbox.onboard(agency.account.providerAccountId, 'complete');
    await service.idle();
    const beside = await agency.api.call('POST', path, { body: { provider: 'stripe' } });
    expect(beside).toMatchObject({ status: 409, body: { code: 'merchant_account_exists' } });
  });

  it('refuses a country that the provider does not serve, and goes on with another', async () => {
    const agency = await service.agency('Nowhere');
    const path = `/v1/agencies/${agency.id}/merchant-accounts`;
    const refused = await agency.api.call('POST', path, { body: { provider: 'stripe', country: 'OM' } });
    expect(refused).toMatchObject({ status: 422, body: { code: 'account_refused' } });
    const made = await agency.api.call('POST', path, { body: { provider: 'stripe', country: 'AE' } });
    expect(made).toMatchObject({ status: 201, body: { status: 'onboarding', country: 'AE' } });
  });

  it('shows a restriction with what is missing and by when, and is active again when the provider is content', async () => {
    const agency = await world.connect('Salalah', omani);
    const deadline = new Date((await service.sandbox.now()).getTime() + 14 * 86_400_000);
    deadline.setUTCMilliseconds(0);
    await service.sandbox.restrict(agency.account.providerAccountId, {
      currentlyDue: ['company.verification.document'],
      deadline,
    });
    await service.idle();
    expect(await world.accountOf(agency)).toMatchObject({
      status: 'restricted',
      requirements: { currentlyDue: ['company.verification.document'], deadline: deadline.toISOString() },
    });
    await service.sandbox.enable(agency.account.providerAccountId);
    await service.idle();
    expect((await world.accountOf(agency)).status).toBe('active');
  });

  it('says plainly where an account cannot charge the currency that is wanted', async () => {
    const agency = await world.connect('Boston', american);
    expect(agency.account).toMatchObject({ chargeCurrency: 'OMR', effectiveCurrency: 'USD' });
    expect(agency.account.currencyNotice).toContain('cannot charge OMR');
    expect(agency.account.chargeableCurrencies).not.toContain('OMR');
    const path = `/v1/agencies/${agency.id}/merchant-accounts/${agency.account.id}`;
    const changed = await agency.api.call('PATCH', path, { body: { chargeCurrency: 'USD' } });
    expect(changed).toMatchObject({ status: 200, body: { effectiveCurrency: 'USD', currencyNotice: null } });
    expect(await agency.api.call('PATCH', path, { body: { usdRate: '0.5' } })).toMatchObject({
      status: 403,
      body: { code: 'platform_only' },
    });
    expect(await agency.api.call('PATCH', path, { body: { chargeCurrency: 'EUR' } })).toMatchObject({
      status: 422,
      body: { code: 'currency_without_rate' },
    });
  });
});

describe('two agencies with different currencies', () => {
  it.each([
    ['once and in order', {}],
    ['twice', { duplicateDeliveries: 1 }],
    ['in any order', { reorderDeliveries: true, seed: 7 }],
  ])(
    'publish the same plan, sell to a client each, see only their own, and the shares add up: told %s',
    async (told, faults) => {
      await service.sandbox.setFaults(faults);
      const [muscat, boston] = [await world.connect('Ruwi', omani), await world.connect('Austin', american)];
      const planId = await world.platformPlan(`resold, told ${told}`, [muscat, boston]);

      const published = await world.statuses(service.api, planId);
      expect(published[muscat.account.id]?.status).toBe('in_sync');
      expect(published[boston.account.id]?.status).toBe('in_sync');
      // Each of them sees where it stands on its own account, and nowhere else.
      expect(Object.keys(await world.statuses(muscat.api, planId))).toEqual([muscat.account.id]);

      const clients = [await world.subscriber(muscat, planId), await world.subscriber(boston, planId)] as const;
      for (const client of clients) await world.pay(client);
      expect(await Promise.all(clients.map(service.balance))).toEqual(['5.00', '5.00']);
      expect((await boston.api.call('GET', `/v1/customers/${clients[0]}/balance`)).status).toBe(404);
      expect((await service.api.call('GET', `/v1/customers/${clients[0]}/balance`)).status).toBe(200);

      // 30 % of 1.930 OMR and of 5.00 USD, net of 5 % tax, to the step that can be charged.
      const fees = await stripe.applicationFees.list({ limit: 100 });
      const taken = fees.data.filter(({ account }) =>
        [muscat.account.providerAccountId, boston.account.providerAccountId].includes(String(account)),
      );
      expect(taken.map(({ amount, currency }) => `${amount} ${currency}`).sort()).toEqual(['143 usd', '550 omr']);
      const ofMuscat = await world.revenue(muscat.api, muscat.id);
      expect(ofMuscat.totals).toContainEqual(
        expect.objectContaining({
          currency: 'OMR',
          gross: { amount: '1.930', currency: 'OMR' },
          platformShare: { amount: '0.550', currency: 'OMR' },
          agencyShare: { amount: '1.380', currency: 'OMR' },
        }),
      );
      expect((await boston.api.call('GET', `/v1/agencies/${muscat.id}/revenue`)).status).toBe(404);
      await service.sandbox.setFaults({});
    },
  );

  it('one deauthorizes in the middle of a sync: its jobs stop, its data stays, the other is untouched, and it comes back', async () => {
    const [leaving, staying] = [await world.connect('Sohar', omani), await world.connect('Dallas', american)];
    const plans: string[] = [];
    for (let number = 0; number < 12; number += 1) plans.push(await world.platformPlan(`many-${number}`, []));
    const account = leaving.account.providerAccountId;
    await service.sandbox.setFaults({ api: { delayMs: 100, account, route: '/v1/products', method: 'POST' } });
    for (const { id } of [leaving, staying]) {
      await service.api.send('PUT', `/v1/agencies/${id}/offers`, z.unknown(), { body: { planIds: plans } });
    }
    const carried = async () => (await stripe.products.list({ limit: 100 }, { stripeAccount: account })).data.length;
    await expect.poll(carried).toBeGreaterThan(1);
    expect(await carried()).toBeLessThan(plans.length);
    await service.sandbox.deauthorize(account);
    await service.idle();
    await service.sandbox.setFaults({});

    expect((await world.accountOf(leaving)).status).toBe('disconnected');
    for (const planId of plans) {
      expect((await world.statuses(service.api, planId))[staying.account.id]?.status, planId).toBe('in_sync');
    }
    const client = await service.customer(leaving.api);
    expect(await service.balance(client)).toBe('0.00');

    await service.sandbox.authorize(leaving.account.providerAccountId);
    await service.idle();
    expect(await world.accountOf(leaving)).toMatchObject({ id: leaving.account.id, status: 'active' });
    for (const planId of plans) {
      expect((await world.statuses(service.api, planId))[leaving.account.id]?.status, planId).toBe('in_sync');
    }
  });

  it('an operator disconnects an account: a late event does not bring it back, naming it again does', async () => {
    const agency = await world.connect('Ibri', omani);
    const path = `/v1/agencies/${agency.id}/merchant-accounts`;
    expect((await agency.api.call('DELETE', `${path}/${agency.account.id}`)).status).toBe(204);
    await service.idle();
    expect((await world.accountOf(agency)).status).toBe('disconnected');
    await service.sandbox.authorize(agency.account.providerAccountId);
    await service.idle();
    expect((await world.accountOf(agency)).status).toBe('disconnected');

    const other = await service.agency('Thief');
    const { providerAccountId } = agency.account;
    const stolen = await other.api.call('POST', `/v1/agencies/${other.id}/merchant-accounts`, {
      body: { provider: 'stripe', providerAccountId },
    });
    expect(stolen).toMatchObject({ status: 409, body: { code: 'merchant_account_taken' } });
    const trail = await service.api.call('GET', `/v1/audit?subject=${other.id}`);
    expect(JSON.stringify(trail.body)).toContain('merchant_account_taken');

    const resumed = await agency.api.call('POST', path, { body: { provider: 'stripe', providerAccountId } });
    expect(resumed).toMatchObject({ status: 200, body: { id: agency.account.id, status: 'active' } });
  });
});

describe('a callback', () => {
  it('with a forged or missing state is refused, noted, and changes nothing', async () => {
    for (const path of ['/connect/return', '/connect/refresh']) {
      for (const query of ['', '?state=forged.signature', '?state=e30.e30']) {
        const answer = await fetch(`${service.url}${path}${query}`, { redirect: 'manual' });
        expect({ path, query, status: answer.status }).toEqual({ path, query, status: 403 });
        expect(await answer.text()).toContain('state_forged');
      }
    }
    const trail = await service.api.call('GET', '/v1/audit?subject=onboarding_state');
    expect(JSON.stringify(trail.body)).toContain('state_forged');
  });
});
