import { translatorOf } from '../event.ts';
import { refundHint } from './reversal.ts';

/** A refund went on: it succeeded, was cancelled, or only its metadata changed. */
export const refundUpdated = translatorOf('refund.updated', (event) => refundHint(event.data.object));
