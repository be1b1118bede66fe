import { translatorOf } from '../event.ts';
import { disputeHint } from './reversal.ts';

/** The disputed money left the balance. */
export const chargeDisputeFundsWithdrawn = translatorOf('charge.dispute.funds_withdrawn', (event) =>
  disputeHint(event.data.object),
);
