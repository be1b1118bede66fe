import { translatorOf } from '../event.ts';
import { invoiceHint } from './subscription.ts';

/** An invoice was paid, or marked so. */
export const invoicePaid = translatorOf('invoice.paid', (event) => invoiceHint(event.data.object));
