import { orderNameOf } from '../../order-name.ts';
import { paymentOf, type WhopTranslator } from '../event.ts';

/** Money may have arrived. An event is never enough to credit it at Whop: the payment as it is now decides. */
export const paymentChanged: WhopTranslator = (event) => {
  const { id, metadata } = paymentOf(event);
  return { kind: 'hint', paymentId: id, namesOrder: orderNameOf(metadata) !== null };
};
