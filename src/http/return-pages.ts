import { Router } from 'express';
import { page } from './page.ts';

/** Path -> title and what it says. */
const pages: Readonly<Record<string, readonly [title: string, paragraph: string]>> = {
  '/checkout/done': [
    'Thank you',
    'Your payment is being confirmed. Your balance is updated as soon as the payment provider confirms it, usually within seconds. You can close this page.',
  ],
  '/checkout/cancelled': [
    'Nothing was charged',
    'You left the payment page. You can go back and pay with the same link while it is open.',
  ],
  '/checkout/subscribed': [
    'Thank you',
    'Your subscription is being confirmed. It begins as soon as the payment provider confirms it, usually within seconds. You can close this page.',
  ],
  '/cards/saved': [
    'Your card is being saved',
    'To verify it, about a dollar is held on it for a moment and released at once. It is a temporary hold, and nothing is taken. You can close this page.',
  ],
  '/cards/not-saved': [
    'No card was saved',
    'You left the page. You can go back and save a card with the same link while it is open.',
  ],
  '/cards/verified': [
    'Thank you',
    'Your bank’s answer is being checked. The temporary hold on your card is released at once, and nothing is taken. You can close this page.',
  ],
};

/**
 * Where a client lands after the provider's page when the caller named no address of its own. They promise nothing: the landing
 * is not proof of payment, the provider's signed event is.
 */
export function createReturnPages(): Router {
  const router = Router();
  for (const [path, [title, paragraph]] of Object.entries(pages)) {
    router.get(path, (_request, response) => {
      response.type('html').send(page(title, `<p>${paragraph}</p>`));
    });
  }
  return router;
}
