import { expect, test } from 'vitest';
import { stripeTranslatorFor } from '../../../webhooks/stripe/router.ts';
import { storedStripeEvent } from '../../../webhooks/stripe/verify.ts';

const context = { accountId: 'acct_1', apiVersion: '2026-10-28.endive' };

function factOf(eventId: string, error: object | null, created = 1_793_000_000): unknown {
  const event = storedStripeEvent(
    Buffer.from(
      JSON.stringify({
        id: eventId,
        object: 'event',
        type: 'payment_intent.payment_failed',
        created,
        data: {
          object: {
            id: 'pi_1',
            object: 'payment_intent',
            metadata: { baisa_order: 'ord_1', baisa_agency: 'agc_1' },
            last_payment_error: error,
          },
        },
      }),
    ),
  );
  const translation = stripeTranslatorFor(event.type)?.(event, context);
  return translation?.kind === 'payment' && translation.event.type === 'payment.declined'
    ? translation.event.fact
    : undefined;
}

test('a declined try without a charge is one fact when its event is made anew', () => {
  const error = { code: 'card_declined', decline_code: 'insufficient_funds' };
  expect(factOf('evt_1', error)).toBe('pi_1:insufficient_funds:1793000000');
  expect(factOf('evt_2', error)).toBe(factOf('evt_1', error));
  expect(factOf('evt_3', error, 1_793_000_060)).not.toBe(factOf('evt_1', error));
  expect(factOf('evt_4', null)).toBe('pi_1:declined:1793000000');
});

test('a declined try with a charge is named by the charge', () => {
  expect(factOf('evt_1', { charge: 'ch_1', code: 'card_declined' })).toBe('ch_1');
});
