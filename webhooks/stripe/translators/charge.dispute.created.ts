import { translatorOf } from '../event.ts';
import { disputeHint } from './reversal.ts';

/** A client's bank asks, or takes. */
export const chargeDisputeCreated = translatorOf('charge.dispute.created', (event) => disputeHint(event.data.object));
