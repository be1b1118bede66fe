import { metadataKeys } from '../../src/providers/metadata.ts';
import type { HoldName, SetupName } from '../translation.ts';

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
