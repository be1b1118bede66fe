import { translatorOf } from '../event.ts';
import { refundHint } from './reversal.ts';

/** As `refund.updated`, for methods that tell it of the charge only. */
export const chargeRefundUpdated = translatorOf('charge.refund.updated', (event) => refundHint(event.data.object));
