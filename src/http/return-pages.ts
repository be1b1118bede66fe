import { Router } from 'express';

const page = (title: string, text: string): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
  body { font: 1.05rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto 0; padding: 0 1.25rem; }
  h1 { font-size: 1.5rem; }
</style>
<main>
  <h1>${title}</h1>
  <p>${text}</p>
</main>
</html>
`;

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
          'Your payment is being confirmed. Your balance is updated as soon as the payment provider confirms it, usually within seconds. You can close this page.',
        ),
      );
  });
  router.get('/checkout/cancelled', (_request, response) => {
    response
      .type('html')
      .send(
        page(
          'Nothing was charged',
          'You left the payment page. You can go back and pay with the same link while it is open.',
        ),
      );
  });
  return router;
}
