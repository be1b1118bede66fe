import { orderNameOf } from '../../order-name.ts';
import { ignored } from '../../translation.ts';
import { membershipOf, type WhopTranslator } from '../event.ts';

/** A membership began, changed or ended: what it is now must be read. What is bought once makes one too, which its payment tells of. */
export const membershipChanged: WhopTranslator = (event) => {
  const { id, metadata } = membershipOf(event);
  if (orderNameOf(metadata)) return ignored('one_off', 'the membership is of something that was bought once');
  return { kind: 'subscription_hint', subscriptionId: id, invoiceId: null, failedAt: null, trialWillEnd: false };
};
