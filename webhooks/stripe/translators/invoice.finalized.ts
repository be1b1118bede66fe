import { translatorOf } from '../event.ts';
import { invoiceHint } from './subscription.ts';

/** An invoice is what it will be, and is owed. */
export const invoiceFinalized = translatorOf('invoice.finalized', (event) => invoiceHint(event.data.object));
