import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { created } from '../../src/commands/api-answers.ts';
import { providerSessionOf } from '../../src/commands/sandbox-client.ts';
import { buildConsole } from '../../src/console/build.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { expectFinished, openBrowser, type TestBrowser, themes } from './browser.ts';

let service: TestService;
let browser: TestBrowser;
let clientId: string;

beforeAll(async () => {
  await buildConsole();
  [service, browser] = await Promise.all([startTestService(), openBrowser()]);
  const { id: agencyId } = await service.api.get('/v1/agencies/platform', created);
  const body = { agencyId, name: 'Nizwa Clinic', email: 'desk@clinic.example' };
  clientId = (await service.api.send('POST', '/v1/customers', created, { body })).id;
}, 120_000);
afterAll(async () => {
  await browser.close();
  await service.stop();
});

async function enter(page: Page): Promise<void> {
  const link = z.object({ url: z.string() });
  const { url } = await service.api.send('POST', `/v1/customers/${clientId}/portal-tokens`, link, { body: {} });
  await page.goto(url);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Nizwa Clinic').waitFor();
}

const available = (page: Page) => page.getByRole('status', { name: 'Available balance' });

describe.each(themes)('in the %s theme', (theme) => {
  test('the portal fits 360 pixels, breaks no rule of its policy, and has no serious finding of axe', async () => {
    const { page, complaints } = await browser.page(theme, 360);
    await enter(page);
    await available(page).waitFor();
    await expectFinished(page, 'portal', theme);
    expect(complaints.filter((text) => !/status of 40[14]/.test(text))).toEqual([]);
  });
});

test('a client tops up after a declined card: both currencies are shown before, and the balance changes without a reload', async () => {
  const { page } = await browser.page();
  await enter(page);
  await available(page).getByText('$0.00').waitFor();
  await page.getByLabel('Amount in US dollars').fill('5.00');
  await page.getByRole('button', { name: 'Show the price' }).click();
  await page.getByRole('button', { name: 'Pay 1.930 OMR' }).click();
  const opened = page.getByRole('link', { name: 'Open the payment page' });
  const session = providerSessionOf(await opened.getAttribute('href'));
  await service.sandbox.pay(session, { card: '4000000000000002' });
  await page.getByText('The last try did not pay').waitFor();
  await service.sandbox.pay(session, { card: '4242424242424242' });
  await page.getByText('Thank you').waitFor();
  await available(page).getByText('$5.00').waitFor();
});

test('signing out ends it, and the link does not work again', async () => {
  const { page } = await browser.page();
  await enter(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('Ask for a new link').waitFor();
});
