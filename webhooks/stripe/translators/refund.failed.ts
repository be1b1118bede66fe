import { translatorOf } from '../event.ts';
import { refundHint } from './reversal.ts';

/** A refund did not arrive, even where it had succeeded. */
export const refundFailed = translatorOf('refund.failed', (event) => refundHint(event.data.object));
