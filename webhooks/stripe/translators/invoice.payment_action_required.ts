import { translatorOf } from '../event.ts';
import { invoiceHint } from './subscription.ts';

/** The bank wants to see the client before it pays an invoice. */
export const invoicePaymentActionRequired = translatorOf('invoice.payment_action_required', (event) =>
  invoiceHint(event.data.object),
);
