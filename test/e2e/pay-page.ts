import type { Page } from 'playwright-core';

/** Presses the button of a test card on the sandbox's page. */
export const payWith = (payPage: Page, card: string): Promise<void> =>
  payPage.locator(`button[name="card"][value="${card}"]`).click();
