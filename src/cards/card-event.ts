import type { ProviderCard, ProviderHold } from '../providers/card-ports.ts';
import type { ProviderName } from '../providers/port.ts';

/** Something about a card or its hold that a provider told, as its current object shows it. */
export type CardEvent = {
  readonly provider: ProviderName;
  readonly providerAccountId: string;
} & (
  | {
      readonly type: 'card.saved';
      readonly agencyId: string;
      /** Our own id of the session in which it was saved. */
      readonly setupId: string;
      readonly card: ProviderCard;
    }
  | { readonly type: 'card.updated'; readonly card: ProviderCard }
  | { readonly type: 'card.detached'; readonly cardId: string }
  | { readonly type: 'setup.expired'; readonly agencyId: string; readonly setupId: string }
  | { readonly type: 'hold.changed'; readonly agencyId: string; readonly holdId: string; readonly hold: ProviderHold }
);
