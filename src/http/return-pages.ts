import { Router } from 'express';
import { page } from './page.ts';

/**
 * Where a client lands after the provider's page when the caller named no address of its own. They promise nothing: the landing
 * is not proof of payment, the provider's signed event is.
 */
export function createReturnPages(): Router {
  const router = Router();
  router.get('/checkout/done', (_request, response) => {
    response
      .type('html')
      .send(
        page(
          'Thank you',
          '<p>Your payment is being confirmed. Your balance is updated as soon as the payment provider confirms it, usually within seconds. You can close this page.</p>',
        ),
      );
  });
  router.get('/checkout/cancelled', (_request, response) => {
    response
      .type('html')
      .send(
        page(
          'Nothing was charged',
          '<p>You left the payment page. You can go back and pay with the same link while it is open.</p>',
        ),
      );
  });
  return router;
}
