import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import { cards, providerSessionOf } from '../../src/commands/sandbox-client.ts';
import { buildConsole } from '../../src/console/build.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { expectFinishedInBoth } from './both-themes.ts';
import { openBrowser, type TestBrowser } from './browser.ts';
import { payWith } from './pay-page.ts';

const logoUrl = 'https://logo.example/logo.svg';
const logo = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40"/></svg>';
const color = '#7a2e9e';
const colorOfPayButton = `getComputedStyle([...document.querySelectorAll('button')]
  .find(({ textContent }) => textContent.startsWith('Pay '))).backgroundColor`;

let service: TestService;
let browser: TestBrowser;
/** New, of an agency that offers nothing. */
let newcomer: string;
/** On a plan with packs, of an agency with a name, a colour and a logo, which offers another plan. */
let subscriber: string;

const planOf = (name: string, monthly: string) => ({
  name,
  displayName: name,
  type: 'usage_based',
  pricingModel: 'fixed',
  cycles: { monthly },
  currency: 'USD',
  usage: [{ feature: 'call_minutes', included: '100', overagePrice: '0.20' }],
  packs: [{ feature: 'call_minutes', quantity: '500', price: '45.00', validDays: 90 }],
  publish: true,
});

async function subscribe(customerId: string, planId: string): Promise<void> {
  const link = z.object({ url: z.string() });
  const { url } = await service.api.send('POST', '/v1/checkout-sessions', link, {
    idempotencyKey: 'subscribe',
    body: { customerId, kind: 'subscription', planId, cycle: 'monthly' },
  });
  await service.sandbox.pay(providerSessionOf(url), { card: cards.visa });
  await service.idle();
}

beforeAll(async () => {
  await buildConsole();
  [service, browser] = await Promise.all([startTestService(), openBrowser()]);
  const { id: agencyId } = await service.api.get('/v1/agencies/platform', created);
  const body = { agencyId, name: 'Nizwa Clinic', email: 'desk@clinic.example' };
  newcomer = (await service.api.send('POST', '/v1/customers', created, { body })).id;
  const agency = await service.agency('Muscat');
  await service.api.send('PATCH', `/v1/agencies/${agency.id}`, created, {
    body: {
      branding: { displayName: 'Muscat Calls LLC', color, logoUrl },
      support: { email: 'help@muscat-calls.example' },
    },
  });
  const { id: silver } = await agency.api.send('POST', '/v1/plans', created, { body: planOf('Silver', '20.00') });
  await agency.api.send('POST', '/v1/plans', created, { body: planOf('Gold', '50.00') });
  subscriber = await service.customer(agency.api, 'Duqm Port');
  await service.idle();
  await subscribe(subscriber, silver);
  const { sessionId } = await service.startTopUp(subscriber, '25.00');
  await service.sandbox.pay(sessionId, { card: cards.declined });
  await service.sandbox.pay(sessionId, { card: cards.visa });
  await service.idle();
}, 180_000);
// An open page asks again whenever something changes, which the next test would wait for.
afterEach(async () => {
  for (const page of opened.splice(0)) await page.context().close();
});
afterAll(async () => {
  await browser.close();
  await service.stop();
});

const opened: Page[] = [];

async function enter(page: Page, customerId: string): Promise<void> {
  opened.push(page);
  await page.route(logoUrl, (route) => route.fulfill({ contentType: 'image/svg+xml', body: logo }));
  const link = z.object({ url: z.string() });
  const { url } = await service.api.send('POST', `/v1/customers/${customerId}/portal-tokens`, link, { body: {} });
  await page.goto(url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

const available = (page: Page) => page.getByRole('status', { name: 'Available balance' });
const section = (page: Page, name: string) => page.getByRole('region', { name, exact: true });

/** Asks for an amount and opens the provider's page beside the portal. */
async function openPayPage(page: Page, amount: string): Promise<Page> {
  await page.getByLabel('Amount in US dollars').fill(amount);
  await page.getByRole('button', { name: 'Show the price' }).click();
  await page.getByRole('button', { name: /^Pay / }).click();
  const [payPage] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('link', { name: 'Open the payment page' }).click(),
  ]);
  return payPage;
}

describe('on 360 pixels, in both themes,', () => {
  test('the portal of a new client fits, breaks no rule of its policy, and has no serious finding of axe', async () => {
    const { page, complaints } = await browser.page('light', 360);
    await enter(page, newcomer);
    await available(page).getByText('$0.00').waitFor();
    await page.getByText('No card yet').waitFor();
    await page.getByText('Nothing was paid yet').waitFor();
    expect(await section(page, 'Plan').count()).toBe(0);
    await expectFinishedInBoth(page, 'portal-empty');
    expect(complaints.filter((text) => !/status of 40[14]/.test(text))).toEqual([]);
  });

  test('so does that of a client with a plan, a card and a history, as its agency wants to be seen', async () => {
    const { page, complaints } = await browser.page('light', 360);
    await enter(page, subscriber);
    await page.getByRole('heading', { level: 1, name: 'Muscat Calls LLC' }).waitFor();
    expect(await page.getByRole('link', { name: 'help@muscat-calls.example' }).getAttribute('href')).toBe(
      'mailto:help@muscat-calls.example',
    );
    expect(await page.evaluate('document.querySelector("header img").naturalWidth')).toBe(40);
    await page.getByText('225 minutes').waitFor();
    await section(page, 'Plan').getByText('Silver').waitFor();
    await section(page, 'History').getByText('pending authorization').waitFor();
    await page.getByRole('button', { name: 'Show the price' }).click();
    await page.getByRole('button', { name: 'Pay 9.630 OMR' }).waitFor();
    expect(await page.evaluate(colorOfPayButton)).toBe('rgb(122, 46, 158)');
    for (const question of await page.locator('summary').all()) await question.click();
    await expectFinishedInBoth(page, 'portal-full');
    expect(complaints.filter((text) => !/status of 40[14]/.test(text))).toEqual([]);
  });
});

test('a declined card is said in words, another one pays on the same page, and the balance changes without a reload', async () => {
  const { page } = await browser.page();
  await enter(page, newcomer);
  await available(page).getByText('$0.00').waitFor();
  const payPage = await openPayPage(page, '5.00');
  await payWith(payPage, cards.declined);
  await page.getByText('The last try did not pay').waitFor();
  await payWith(payPage, cards.visa);
  await page.getByText('Thank you').waitFor();
  await available(page).getByText('$5.00').waitFor();
});

test('a card whose bank asks pays once the client has answered', async () => {
  const { page } = await browser.page();
  await enter(page, subscriber);
  await available(page).getByText('$25.00').waitFor();
  const payPage = await openPayPage(page, '10.00');
  await payWith(payPage, cards.challenged);
  await payPage.getByRole('button', { name: 'Complete authentication' }).click();
  await available(page).getByText('$35.00').waitFor();
});

test('what happens elsewhere is on the screen without a reload, and a receipt is saved as a PDF', async () => {
  const { page } = await browser.page();
  await enter(page, subscriber);
  const receipt = section(page, 'History').getByRole('button', { name: 'Receipt (PDF)' });
  await receipt.first().waitFor();
  await service.api.call('POST', `/v1/customers/${subscriber}/adjustments`, {
    idempotencyKey: 'at the desk',
    body: { kind: 'payment', amount: { amount: '7.50', currency: 'USD' }, reason: 'Paid at the desk' },
  });
  await section(page, 'History').getByText('Payment received').waitFor();
  await service.idle();
  const [saved] = await Promise.all([page.waitForEvent('download'), receipt.first().click()]);
  expect((await readFile(await saved.path())).subarray(0, 5).toString()).toBe('%PDF-');
});

test('a balance below zero is told as a pause with its way out, and a payment ends it, both without a reload', async () => {
  const { page } = await browser.page();
  await enter(page, newcomer);
  const adjust = (kind: 'payment' | 'correction', amount: string) =>
    service.api.call('POST', `/v1/customers/${newcomer}/adjustments`, {
      idempotencyKey: `${kind} ${amount}`,
      body: { kind, amount: { amount, currency: 'USD' }, reason: 'Counted again' },
    });
  await available(page).waitFor();
  await adjust('correction', '-50.00');
  const notice = page.getByRole('status').filter({ hasText: 'Your service is paused' });
  await notice.getByText('top up below').waitFor();
  await adjust('payment', '60.00');
  await notice.waitFor({ state: 'detached' });
});

test('a client changes its plan at its next period, and takes the change back', async () => {
  const { page } = await browser.page();
  await enter(page, subscriber);
  const plan = section(page, 'Plan');
  await plan.getByRole('button', { name: '$50.00 a month' }).press('Enter');
  await page.getByRole('dialog').getByRole('button', { name: '$50.00 a month' }).press('Enter');
  await plan.getByText('To Gold, paid by the month').waitFor();
  await plan.getByRole('button', { name: 'Take the change back' }).click();
  await plan.getByText('To Gold').waitFor({ state: 'detached' });
});

test('a card is added on the provider’s page, verified by a hold, made the default and removed', async () => {
  const { page } = await browser.page();
  await enter(page, newcomer);
  await page.getByRole('button', { name: 'Add a card' }).click();
  const [cardPage] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('link', { name: 'Open the card page' }).click(),
  ]);
  await payWith(cardPage, cards.mastercard);
  const line = section(page, 'Cards').getByRole('listitem').filter({ hasText: 'ending 4444' });
  await line.getByText('Default:').waitFor();
  await section(page, 'History').getByText('Card check, not a charge').first().waitFor();
  await line.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await line.waitFor({ state: 'detached' });
});

test('signing out ends it, and the link does not work again', async () => {
  const { page } = await browser.page();
  await enter(page, newcomer);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Ask for a new link').waitFor();
});
