import { metadataKeys } from '../src/providers/metadata.ts';
import type { CheckoutName, HoldName, SetupName } from './translation.ts';

type Metadata = Readonly<Record<string, string>> | null;

/** The session of ours in which a card is saved; null where the metadata names none. */
export function setupNameOf(metadata: Metadata): SetupName | null {
  const setupId = metadata?.[metadataKeys.setup];
  const agencyId = metadata?.[metadataKeys.agency];
  return setupId && agencyId ? { setupId, agencyId } : null;
}

/** The hold of ours that a payment is; null for every other payment. */
export function holdNameOf(metadata: Metadata): HoldName | null {
  const holdId = metadata?.[metadataKeys.hold];
  const agencyId = metadata?.[metadataKeys.agency];
  return holdId && agencyId ? { holdId, agencyId } : null;
}

/** The session of ours in which a client subscribes; null where the metadata names none. */
export function checkoutNameOf(metadata: Metadata): CheckoutName | null {
  const checkoutId = metadata?.[metadataKeys.subscriptionCheckout];
  const agencyId = metadata?.[metadataKeys.agency];
  return checkoutId && agencyId ? { checkoutId, agencyId } : null;
}

/** The subscription of ours that an object belongs to; null where the metadata names none. */
export function subscriptionNameOf(
  metadata: Metadata,
): { readonly subscriptionId: string; readonly agencyId: string } | null {
  const subscriptionId = metadata?.[metadataKeys.subscription];
  const agencyId = metadata?.[metadataKeys.agency];
  return subscriptionId && agencyId ? { subscriptionId, agencyId } : null;
}
