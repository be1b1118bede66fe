import type { ProviderHold } from '../providers/card-ports.ts';

/**
 * A verification hold. `requested`: recorded, and the provider may or may not have been asked. `placed`: about a dollar is set aside.
 * `released`: let go, which proves the card. `action_required`: the bank asks its owner first. `failed`: the card was refused, or
 * nobody answered the bank. `expired`: the bank let go of it by itself.
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

/**
 * What a provider's word for a hold means to one that stands at `status`; null while it is on its way. A hold that we knew to be
 * placed and that ended is released, even where the provider no longer shows that it ever stood.
 */
export function heardOf(status: HoldStatus, hold: Pick<ProviderHold, 'status'>): HoldStatus | null {
  if (hold.status === 'processing') return null;
  return status === 'placed' && hold.status === 'failed' ? 'released' : hold.status;
}

/** The hold after it was heard of; as it was, where that is older news. */
export const nextHoldStatus = (status: HoldStatus, heard: HoldStatus | null): HoldStatus =>
  heard !== null && moves[status].includes(heard) ? heard : status;

/** Whether the card is proved: money was set aside on it, whatever became of that. */
export const provesCard = (status: HoldStatus): boolean =>
  status === 'placed' || status === 'released' || status === 'expired';
