import { orderNameOf } from '../../order-name.ts';
import { paymentOf, type WhopTranslator } from '../event.ts';

/**
 * Money may have arrived. An event is never enough to credit it at Whop: the payment as it is now decides. What is bought once makes a
 * membership too, so that a payment which names an order is that order's.
 */
export const paymentChanged: WhopTranslator = (event) => {
  const { id, metadata, membership } = paymentOf(event);
  const namesOrder = orderNameOf(metadata) !== null;
  if (!membership || namesOrder) return { kind: 'hint', paymentId: id, namesOrder };
  return {
    kind: 'subscription_hint',
    subscriptionId: membership.id,
    invoiceId: id,
    failedAt: null,
    trialWillEnd: false,
  };
};
