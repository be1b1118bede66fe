import type { ProviderHold } from '../providers/card-ports.ts';

/**
 * A verification hold. `requested`: recorded, and the provider may or may not have been asked. `placed`: about a dollar is set aside.
 * `released`: let go, which proves the card. `action_required`: the bank asks its owner first. `failed`: the card was refused.
 * `expired`: the bank let go of it by itself.
 */
export type HoldStatus = 'requested' | 'placed' | 'released' | 'failed' | 'action_required' | 'expired';

/** What may follow what, whichever event comes first. What is over stays over. */
const moves: Readonly<Record<HoldStatus, readonly HoldStatus[]>> = {
  requested: ['placed', 'released', 'failed', 'action_required', 'expired'],
  action_required: ['placed', 'released', 'failed', 'expired'],
  placed: ['released', 'expired'],
  released: [],
  failed: [],
  expired: [],
};

export const isOver = (status: HoldStatus): boolean => moves[status].length === 0;

/** The hold after it was heard of; as it was, where that is older news. */
export const nextHoldStatus = (status: HoldStatus, heard: HoldStatus): HoldStatus =>
  moves[status].includes(heard) ? heard : status;

/** What a provider's word for a hold means; null while it is on its way. */
export const heardOf = (status: ProviderHold['status']): HoldStatus | null => (status === 'processing' ? null : status);

/** Whether a hold that is over has proved the card: it was set aside, and let go by us or by the bank. */
export const provesCard = (before: HoldStatus, status: HoldStatus): boolean =>
  status === 'placed' || status === 'released' || (status === 'expired' && before === 'placed');
