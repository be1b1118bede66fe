import { translatorOf } from '../event.ts';
import { disputeHint } from './reversal.ts';

/** Disputed money came back, all of it or a part. */
export const chargeDisputeFundsReinstated = translatorOf('charge.dispute.funds_reinstated', (event) =>
  disputeHint(event.data.object),
);
