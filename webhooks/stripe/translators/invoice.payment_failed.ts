import { translatorOf } from '../event.ts';
import { invoiceHint } from './subscription.ts';

/** A try to collect an invoice failed. */
export const invoicePaymentFailed = translatorOf('invoice.payment_failed', (event) =>
  invoiceHint(event.data.object, new Date(event.created * 1000)),
);
