import { translatorOf } from '../event.ts';
import { failedCharge } from './reversal.ts';

/** A charge failed: at once, which is a decline, or after it had succeeded. */
export const chargeFailed = translatorOf('charge.failed', (event) => failedCharge(event.data.object));
