import { ignored, type Translation } from '../../translation.ts';
import { paymentOfReversal, type WhopEvent, type WhopTranslator } from '../event.ts';

type ReversalHint = Extract<Translation, { kind: 'refund_hint' | 'dispute_hint' }>;

/** What it carries is old by now: all that went back of its payment is read. It carries no metadata that could say whose it is. */
const hintOf = (kind: ReversalHint['kind'], event: WhopEvent) => {
  const paymentId = paymentOfReversal(event);
  return paymentId === null ? ignored('foreign', 'it is of no payment that Whop names') : { kind, paymentId };
};

/** Somebody gave something back, or it did not arrive. */
export const refundChanged: WhopTranslator = (event) => hintOf('refund_hint', event);

/** A client's bank asks, takes, or decided. */
export const disputeChanged: WhopTranslator = (event) => hintOf('dispute_hint', event);
