import type { Page } from 'playwright-core';
import Stripe from 'stripe';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { created, issuedKey } from '../../src/commands/api-answers.ts';
import { buildConsole } from '../../src/console/build.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { expectFinished, expectFinishedInBoth, openBrowser, type TestBrowser, visit } from './browser.ts';

const listed = z.object({ data: z.array(z.object({ id: z.string() })) });

let service: TestService;
let browser: TestBrowser;
/** Signed in with the platform's key, for the tests that begin there. */
let shared: Page;
let clientId: string;
let planId: string;
let platformPlanId: string;
let demoAgencyId: string;

beforeAll(async () => {
  await buildConsole();
  [service, browser] = await Promise.all([startTestService(), openBrowser()]);
  const { id: agencyId } = await service.api.get('/v1/agencies/platform', created);
  const body = { agencyId, name: 'Muscat Bakery', email: 'till@bakery.example' };
  clientId = (await service.api.send('POST', '/v1/customers', created, { body })).id;
  const plans = await service.api.get('/v1/plans?q=gold-2026', listed);
  const agencies = await service.api.get(
    '/v1/agencies',
    z.object({ data: z.array(z.object({ id: z.string(), name: z.string() })) }),
  );
  planId = plans.data[0]?.id ?? '';
  demoAgencyId = agencies.data.find(({ name }) => name === 'Demo Agency')?.id ?? '';
  const onBakery = `/v1/customers/${clientId}`;
  const minutes = { feature: 'call_minutes', unitPrice: '0.20' };
  const harbour = {
    ...{ agencyId, name: 'harbour', displayName: 'Harbour', type: 'usage_based', pricingModel: 'pay_as_you_go' },
    ...{ currency: 'USD', usage: [minutes], publish: true },
  };
  platformPlanId = (await service.api.send('POST', '/v1/plans', created, { body: harbour })).id;
  await service.api.send('POST', `${onBakery}/subscription`, created, { body: { planId: platformPlanId } });
  const licence = { quantity: '30', remarks: 'A welcome' };
  await service.api.send('POST', `${onBakery}/licences`, created, { body: licence });
  const order = await service.startTopUp(clientId, '25.00');
  await service.sandbox.pay(order.sessionId, { card: '4242424242424242' });
  await service.idle();
  const call = { id: 'call-1', customerId: clientId, feature: 'call_minutes', quantity: '50' };
  const occurredAt = new Date().toISOString();
  await service.api.send('POST', '/v1/usage', z.unknown(), { body: { ...call, occurredAt } });
  await service.idle();
  shared = (await browser.page()).page;
  await signIn(shared);
}, 180_000);
afterAll(async () => {
  await browser.close();
  await service.stop();
});

async function openAt(path: string): Promise<Page> {
  await visit(shared, `/console${path}`);
  return shared;
}

async function signIn(page: Page, path = '/console', key = service.platformApiKey): Promise<void> {
  await page.goto(`${service.url}${path}`);
  await page.getByLabel(/^Key/).fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

test('every page draws in both themes, breaks no rule of its policy, and has no serious finding of axe', async () => {
  const { page, complaints } = await browser.page();
  await page.goto(`${service.url}/console`);
  await page.getByRole('heading', { name: 'Baisa console' }).waitFor();
  await expectFinishedInBoth(page, 'sign-in');
  await signIn(page);
  const pages = [
    ['overview', '/', 'Overview'],
    ['clients', '/clients', 'Clients'],
    ['clients-none', '/clients?refill=failing', 'Clients'],
    ['plans', '/plans', 'Plans'],
    ['plan', `/plans/${planId}`, 'Gold Tier'],
    ['plan-new', '/plans/new', 'New plan'],
    ['plan-edit', `/plans/${planId}/edit`, 'Edit Gold Tier'],
    ['publication', '/publication', 'Publication'],
    ['accounts', '/accounts', 'Merchant accounts'],
    ['events', '/events', 'Events'],
    ['webhooks', '/webhooks', 'Webhooks'],
    ['keys', '/keys', 'API keys'],
    ['audit', '/audit', 'Audit trail'],
    ['agencies', '/agencies', 'Agencies'],
    ['agency', `/agencies/${demoAgencyId}`, 'Demo Agency'],
    ['settings', '/settings', 'Settings'],
    ['absent', '/nothing/here', 'Not found'],
  ] as const;
  for (const [name, path, title] of pages) {
    await visit(page, `/console${path}`);
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    if (name === 'clients-none') await page.getByText('No such clients').waitFor();
    await expectFinishedInBoth(page, name);
    if (name === 'plan-new') {
      await page.getByLabel('Price, monthly, in USD').fill('49.00');
      await page.getByRole('tab', { name: '2. Benefits' }).click();
      await page.getByText('50 beyond at $0.20').waitFor();
      await expectFinishedInBoth(page, 'plan-new-benefits');
    }
  }
  await visit(page, `/console/clients/${clientId}`);
  await page.getByRole('heading', { level: 1, name: 'Muscat Bakery' }).waitFor();
  for (const tab of [
    'Statement',
    'Plan',
    'Invoices',
    'Offers',
    'Usage',
    'Cards',
    'Auto-refill',
    'Licences',
    'History',
  ]) {
    await page.getByRole('tab', { name: tab }).click();
    await expectFinishedInBoth(page, `client-${tab.toLowerCase()}`);
  }
  // Who is not signed in yet, is on no plan, or has not priced a new one is told so by a status that the browser calls an error.
  expect(complaints.filter((text) => !/status of (401|404|422)/.test(text))).toEqual([]);
});

test('the paid top-up is on the client’s statement, and its revenue on the overview', async () => {
  const page = await openAt('/');
  await page.getByText('Paid by clients', { exact: true }).first().waitFor();
  await page.getByRole('link', { name: 'Clients', exact: true }).first().click();
  await page.getByRole('link', { name: 'Muscat Bakery' }).click();
  await page.getByRole('table', { name: 'Statement' }).waitFor();
  expect(await page.getByRole('table', { name: 'Statement' }).textContent()).toContain('$25.00');
  await page.getByRole('button', { name: 'Usage' }).click();
  await page
    .getByRole('dialog')
    .getByRole('row', { name: /call-1/ })
    .getByText('$4.00')
    .waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Top-up' }).click();
  await page.getByRole('dialog').getByText('Heard through the provider’s event').waitFor();
});

test('a wrong key is refused in words; nothing of the right one is left in the browser, and signing out ends the session', async () => {
  const { page } = await browser.page();
  await page.goto(`${service.url}/console`);
  await page.getByLabel(/^Key/).fill('baisa_ak_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('This key is not known.').waitFor();
  await signIn(page);
  const kept = await page.evaluate(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])',
  );
  expect(kept).not.toContain('baisa_pk_');
  expect(kept).not.toContain('baisa_cs_');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Baisa console' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Baisa console' }).waitFor();
});

test('a client is created, adjusted and found again, all by keyboard and forms', async () => {
  const page = await openAt('/clients');
  await page.getByRole('button', { name: 'New client' }).press('Enter');
  await page.getByLabel(/^Name/).fill('Sohar Dental');
  await page.getByLabel(/^E-mail/).fill('desk@sohar.example');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: 'Sohar Dental' }).click();
  await page.getByRole('button', { name: 'Adjust' }).click();
  await page.getByLabel('Amount in US dollars').fill('12.50');
  await page.getByLabel('Reason').fill('Paid at the desk');
  await page.getByRole('button', { name: 'Post it' }).click();
  await page.getByRole('table', { name: 'Statement' }).getByText('$12.50').first().waitFor();

  await page.getByRole('tab', { name: 'Plan' }).click();
  await page.getByRole('button', { name: 'Put on a plan' }).click();
  await page.getByRole('dialog').getByLabel(/^Plan/).selectOption('Harbour');
  await page.getByRole('button', { name: 'Assign' }).click();
  await page.getByRole('heading', { name: 'Harbour, version 1' }).waitFor();
  await page.getByRole('tab', { name: 'Offers' }).click();
  await page.getByRole('article', { name: 'Harbour' }).waitFor();
  await page.getByRole('button', { name: 'Choose what is offered' }).click();
  await page.getByRole('dialog').getByLabel('Harbour').uncheck();
  await page.getByRole('button', { name: 'Offer these' }).click();
  await page.getByText('The client is shown no plans').waitFor();
  await page.getByRole('button', { name: 'Let it pay offline' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Let it pay offline' }).click();
  await page.getByText('pays outside, by invoice').waitFor();
});

test('an invoice of a client that pays outside is marked as paid', async () => {
  const { id: agencyId } = await service.api.get('/v1/agencies/platform', created);
  const quay = {
    ...{ agencyId, name: 'quay', displayName: 'Quay', type: 'usage_based', pricingModel: 'fixed', currency: 'USD' },
    ...{ cycles: { monthly: '29.00' }, publish: true },
  };
  const plan = await service.api.send('POST', '/v1/plans', created, { body: quay });
  const client = { agencyId, name: 'Sur Boats', email: 'office@boats.example', collection: 'offline' };
  const { id } = await service.api.send('POST', '/v1/customers', created, { body: client });
  const body = { planId: plan.id, cycle: 'monthly' };
  await service.api.send('POST', `/v1/customers/${id}/subscription`, created, { body });
  await service.idle();
  const page = await openAt(`/clients/${id}`);
  await page.getByRole('tab', { name: 'Invoices' }).click();
  await page.getByRole('button', { name: 'Mark as paid' }).click();
  await page.getByLabel('Reference').fill('TT-2026-11');
  await page.getByRole('button', { name: 'It is paid' }).click();
  await page.getByRole('table', { name: 'Invoices' }).getByText('Paid', { exact: true }).waitFor();
});

test('what the API refuses is said on each page, in its words', async () => {
  const { page } = await browser.page();
  await signIn(page);
  const problem = { title: 'Forbidden', status: 403, code: 'forbidden', detail: 'Not for this key.' };
  await page.route('**/v1/**', (route) =>
    route.fulfill({ status: 403, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
  );
  for (const path of ['/clients', '/plans', `/plans/${planId}`, '/publication', '/agencies', '/audit', '/settings']) {
    await visit(page, `/console${path}`);
    await page.waitForURL(`**/console${path}`);
    await page.getByRole('alert').getByText('Not for this key.').first().waitFor();
  }
  await expectFinishedInBoth(page, 'refused');
});

test('a plan is made in two steps, edited, published, changed at its provider, and restored', async () => {
  const page = await openAt('/plans');
  await page.getByRole('link', { name: 'New plan' }).click();
  await page.getByLabel(/^Plan name/).fill('plum-2026');
  await page.getByLabel(/^Display name/).fill('Plum Tier');
  await page.getByLabel('Price, monthly, in USD').fill('29.00');
  await page.getByRole('button', { name: 'Next: benefits' }).click();
  const cost = page.getByRole('region', { name: 'What it would cost' });
  await cost.getByText('150 call minutes: $10.00').waitFor();
  await page.getByLabel('Included').fill('-1');
  await cost.getByText('Not in order yet').waitFor();
  await page.getByLabel('Included').fill('120');
  await page.getByRole('tab', { name: '1. Basics' }).click();
  await page.getByLabel('Paid').selectOption('By use alone');
  await cost.getByText('150 call minutes: $30.00').waitFor();
  await page.getByLabel('Paid').selectOption('A price per period');
  await page.getByRole('tab', { name: '2. Benefits' }).click();
  await cost.getByText('150 call minutes: $6.00').waitFor();
  await page.getByRole('button', { name: 'Create plan' }).click();
  await page.getByRole('heading', { level: 1, name: 'Plum Tier' }).waitFor();
  await page.getByText('120 included, then $0.20 each').waitFor();

  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByLabel(/^Display name/).fill('Plum Tier II');
  await page.getByRole('button', { name: 'Save draft' }).click();
  await page.getByText('Version 2 is drafted').waitFor();
  await page.getByRole('button', { name: 'Publish' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
  await page.getByText('plum-2026 · Usage based · version 2').waitFor();
  // At Stripe and at Whop.
  const carriers = page.getByRole('table', { name: 'Accounts that carry it' });
  for (const index of [0, 1]) await carriers.getByText('In sync').nth(index).waitFor();

  const { hostname, port } = new URL(service.sandbox.url);
  const stripe = new Stripe(service.sandboxSecretKey, { host: hostname, port, protocol: 'http', telemetry: false });
  const products = await stripe.products.list({ limit: 100 });
  const product = products.data.find(({ name }) => name === 'Plum Tier II');
  if (!product) throw new Error('the plan has no product');
  await stripe.products.update(product.id, { name: 'Renamed by hand' });

  await page.getByRole('link', { name: 'Publication', exact: true }).click();
  await page.getByRole('button', { name: 'Look now' }).click();
  const finding = page.getByRole('row', { name: /Renamed by hand/ });
  await finding.waitFor();
  await expectFinishedInBoth(page, 'publication-drifted');
  await finding.getByRole('button', { name: 'Restore' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Restore' }).click();
  await finding.waitFor({ state: 'detached' });
  expect((await stripe.products.retrieve(product.id)).name).toBe('Plum Tier II');
});

test('an agency is shown what is another’s as not found, and no page of the platform', async () => {
  const { page } = await browser.page();
  const { id: platformId } = await service.api.get('/v1/agencies/platform', created);
  const { key } = await service.api.send('POST', `/v1/agencies/${demoAgencyId}/api-keys`, issuedKey, { body: {} });
  await signIn(page, `/console/clients/${clientId}`, key);
  await page.getByRole('alert').getByText('Not found').waitFor();
  for (const path of [`/plans/${platformPlanId}`, `/plans/${platformPlanId}/edit`, `/agencies/${platformId}`]) {
    const refused = page.waitForResponse((response) => response.status() === 404);
    await visit(page, `/console${path}`);
    await refused;
    await page.getByRole('alert').getByText('Not found').waitFor();
  }
  await visit(page, `/console/plans/${planId}`);
  await page.getByRole('heading', { level: 1, name: 'Gold Tier' }).waitFor();
  expect(await page.getByRole('link', { name: 'Events' }).count()).toBe(0);
  await visit(page, '/console/settings');
  await page.getByRole('heading', { name: 'At the platform' }).waitFor();
  await page.getByLabel('Display name').fill('Demo Voice');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await visit(page, '/console');
  await page.getByText('Balances held').waitFor();
  await expectFinishedInBoth(page, 'overview-agency');
});

test('the same pages fit a narrow screen', async () => {
  const page = await openAt('/');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 360, height: 900 });
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await expectFinished(page, 'overview-narrow', 'light');
  await openAt(`/clients/${clientId}`);
  await page.getByRole('table', { name: 'Statement' }).waitFor();
  await expectFinished(page, 'client-narrow', 'light');
});
