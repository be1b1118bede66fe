import { translatorOf } from '../event.ts';
import { invoiceHint } from './subscription.ts';

/** Nobody expects an invoice to be paid any more. */
export const invoiceMarkedUncollectible = translatorOf('invoice.marked_uncollectible', (event) =>
  invoiceHint(event.data.object),
);
