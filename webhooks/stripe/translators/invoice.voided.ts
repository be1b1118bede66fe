import { translatorOf } from '../event.ts';
import { invoiceHint } from './subscription.ts';

/** An invoice is owed no more. */
export const invoiceVoided = translatorOf('invoice.voided', (event) => invoiceHint(event.data.object));
