import { translatorOf } from '../event.ts';
import { refundedCharge } from './reversal.ts';

/** Something of a charge was refunded: the same that `refund.created` tells, and what older refunds tell by this alone. */
export const chargeRefunded = translatorOf('charge.refunded', (event) => refundedCharge(event.data.object));
