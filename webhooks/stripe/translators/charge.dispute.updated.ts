import { translatorOf } from '../event.ts';
import { disputeHint } from './reversal.ts';

/** A dispute went on, or an inquiry became a chargeback. */
export const chargeDisputeUpdated = translatorOf('charge.dispute.updated', (event) => disputeHint(event.data.object));
