import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { created, issuedKey } from '../../src/commands/api-answers.ts';
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
  const body = { agencyId, name: 'Muscat Bakery', email: 'till@bakery.example' };
  clientId = (await service.api.send('POST', '/v1/customers', created, { body })).id;
  const order = await service.startTopUp(clientId, '25.00');
  await service.sandbox.pay(order.sessionId, { card: '4242424242424242' });
  await service.idle();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await service.stop();
});

async function signIn(page: Page, path = '/console', key = service.platformApiKey): Promise<void> {
  await page.goto(`${service.url}${path}`);
  await page.getByLabel(/^Key/).fill(key);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

const pages = [
  ['overview', '/console', 'Overview'],
  ['clients', '/console/clients', 'Clients'],
  ['plans', '/console/plans', 'Plans'],
  ['publication', '/console/publication', 'Publication'],
  ['accounts', '/console/accounts', 'Merchant accounts'],
  ['events', '/console/events', 'Events'],
  ['webhooks', '/console/webhooks', 'Webhooks'],
  ['keys', '/console/keys', 'API keys'],
  ['audit', '/console/audit', 'Audit trail'],
] as const;

describe.each(themes)('in the %s theme', (theme) => {
  test('every page draws, breaks no rule of its policy, and has no serious finding of axe', async () => {
    const { page, complaints } = await browser.page(theme);
    await page.goto(`${service.url}/console`);
    await page.getByRole('heading', { name: 'Baisa console' }).waitFor();
    await expectFinished(page, 'sign-in', theme);
    await signIn(page);
    for (const [name, path, title] of pages) {
      await page.goto(`${service.url}${path}`);
      await page.getByRole('heading', { level: 1, name: title }).waitFor();
      await expectFinished(page, name, theme);
    }
    await page.goto(`${service.url}/console/clients/${clientId}`);
    await page.getByRole('heading', { level: 1, name: 'Muscat Bakery' }).waitFor();
    for (const tab of ['Statement', 'Plan', 'Usage', 'Cards', 'Auto-refill', 'Licences']) {
      await page.getByRole('tab', { name: tab }).click();
      await expectFinished(page, `client-${tab.toLowerCase()}`, theme);
    }
    // Who is not signed in yet, or is on no plan, is told so by a status that the browser calls an error.
    expect(complaints.filter((text) => !/status of 40[14]/.test(text))).toEqual([]);
  });
});

test('the paid top-up is on the client’s statement, and its revenue on the overview', async () => {
  const { page } = await browser.page();
  await signIn(page);
  await page.getByText('Paid by clients', { exact: true }).first().waitFor();
  await page.getByRole('link', { name: 'Clients', exact: true }).first().click();
  await page.getByRole('link', { name: 'Muscat Bakery' }).click();
  await page.getByRole('table', { name: 'Statement' }).waitFor();
  expect(await page.getByRole('table', { name: 'Statement' }).textContent()).toContain('$25.00');
});

test('nothing of the key is left in the browser, and signing out ends the session', async () => {
  const { page } = await browser.page();
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

test('a wrong key is refused in words', async () => {
  const { page } = await browser.page();
  await page.goto(`${service.url}/console`);
  await page.getByLabel(/^Key/).fill('baisa_ak_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('This key is not known.').waitFor();
});

test('an agency is shown another agency’s client as not found, and no page of the platform', async () => {
  const { page } = await browser.page();
  const body = { name: 'Key holder', email: 'ops@holder.example', country: 'OM' };
  const agency = await service.api.send('POST', '/v1/agencies', created, { body });
  const { key } = await service.api.send('POST', `/v1/agencies/${agency.id}/api-keys`, issuedKey, { body: {} });
  await signIn(page, `/console/clients/${clientId}`, key);
  await page.getByRole('alert').getByText('Not found').waitFor();
  expect(await page.getByRole('link', { name: 'Events' }).count()).toBe(0);
});

test('a client is created, adjusted and found again, all by keyboard and forms', async () => {
  const { page } = await browser.page();
  await signIn(page, '/console/clients');
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
});

test('the same pages fit a narrow screen', async () => {
  const { page } = await browser.page('light', 360);
  await signIn(page);
  await expectFinished(page, 'overview-narrow', 'light');
  await page.goto(`${service.url}/console/clients/${clientId}`);
  await page.getByRole('table', { name: 'Statement' }).waitFor();
  await expectFinished(page, 'client-narrow', 'light');
});
