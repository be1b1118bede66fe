import { translatorOf } from '../event.ts';
import { disputeHint } from './reversal.ts';

/** A dispute was decided. What comes back is told by `charge.dispute.funds_reinstated`, before or after. */
export const chargeDisputeClosed = translatorOf('charge.dispute.closed', (event) => disputeHint(event.data.object));
