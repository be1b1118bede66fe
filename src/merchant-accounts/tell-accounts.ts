import type { Emit } from '../outgoing/emit.ts';
import type { EventType } from '../outgoing/event-types.ts';
import type { MerchantAccount } from './merchant-account.ts';
import type { AccountListener } from './mirror-account.ts';

type AccountEvent = Extract<EventType, `merchant_account.${string}`>;

/** What became of an account, in one word; a change that leaves it as it was is an update. */
const typeOf = (before: MerchantAccount | null, { status }: MerchantAccount): AccountEvent => {
  if (before?.status === status) return 'merchant_account.updated';
  if (status === 'active') return 'merchant_account.connected';
  if (status === 'disconnected') return 'merchant_account.disconnected';
  return status === 'restricted' ? 'merchant_account.restricted' : 'merchant_account.updated';
};

/** Accounts as the agency's own systems hear of them. */
export const tellAccounts =
  (emit: Emit): AccountListener =>
  (sql, { before, after, source }) =>
    emit(sql, [
      {
        type: typeOf(before, after),
        agencyId: after.agencyId,
        fact: `${after.id}:${source}:${after.changedAt.toISOString()}`,
        data: {
          merchantAccountId: after.id,
          provider: after.provider,
          providerAccountId: after.providerAccountId,
          status: after.status,
          currentlyDue: [...after.requirements.currentlyDue],
          deadline: after.requirements.deadline?.toISOString() ?? null,
          effectiveCurrency: after.effectiveCurrency,
        },
      },
    ]);
