import type { OrderName } from '../src/checkout/payment-event.ts';
import { metadataKeys } from '../src/providers/metadata.ts';

/** The order that an object's metadata names; null where it carries none of ours. */
export function orderNameOf(metadata: Readonly<Record<string, string>> | null): OrderName | null {
  const orderId = metadata?.[metadataKeys.order];
  const agencyId = metadata?.[metadataKeys.agency];
  return orderId && agencyId ? { orderId, agencyId } : null;
}
