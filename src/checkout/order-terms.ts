import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import { type LivePlan, shareTermsOf, splitCharge } from '../revenue/share.ts';

/** What a sale is shared by, fixed when its order is made: a later plan, version or percentage changes no order. */
export interface OrderTerms {
  readonly planId: string | null;
  readonly planVersion: number | null;
  /** Decimal string out of 100; null where nothing is shared. */
  readonly agencyPercent: string | null;
  /** The platform's part of the charge, whichever way it reaches the platform. */
  readonly platformShare: Money;
  /** What the provider is asked to take for the platform: the same, or zero where it takes none. */
  readonly applicationFee: Money;
}

/**
 * The terms of a charge for a client of `agencyId` on an account. The platform shares nothing with itself. On an agency's own
 * account the provider takes the platform's part; on the platform's account there is nothing to take, and the books owe the agency
 * the rest.
 */
export function orderTermsOf(
  plan: LivePlan | null,
  agencyId: string,
  account: Pick<MerchantAccount, 'agencyId' | 'platform'>,
  charged: Money,
): OrderTerms {
  const zero = Money.zero(charged.currency.code);
  const sold = { planId: plan?.planId ?? null, planVersion: plan?.version ?? null };
  const terms = plan && shareTermsOf(plan.document);
  if (!terms || (account.platform && account.agencyId === agencyId)) {
    return { ...sold, agencyPercent: null, platformShare: zero, applicationFee: zero };
  }
  const { platform } = splitCharge(charged, terms);
  return {
    ...sold,
    agencyPercent: terms.agencyPercent,
    platformShare: platform,
    applicationFee: account.platform ? zero : platform,
  };
}
