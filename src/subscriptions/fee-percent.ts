import { Decimal } from 'decimal.js';
import type { VersionDocument } from '../catalog/plan-document.ts';
import { conflict } from '../errors.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import { Money } from '../money/money.ts';
import { shareTermsOf } from '../revenue/share.ts';

/**
 * The platform's part of each invoice as the provider takes it: a percentage of the total with at most two decimals (RULES 23; the books
 * follow the fee that was really taken). Null where nothing is shared or the platform sells on its own account. Throws 409
 * `share_not_collectable` in three-decimal currencies, where a percentage may leave an amount that cannot be taken and nobody has
 * verified what the provider does then (RULES 18).
 */
export function feePercentOf(
  document: VersionDocument,
  agencyId: string,
  account: Pick<MerchantAccount, 'agencyId' | 'platform' | 'effectiveCurrency'>,
): string | null {
  const terms = shareTermsOf(document);
  if (!terms || account.platform || account.agencyId !== agencyId) return null;
  if (Money.zero(account.effectiveCurrency).currency.decimals === 3) {
    throw conflict(
      'share_not_collectable',
      `The platform’s part of a subscription cannot be taken in ${account.effectiveCurrency} yet: sell this plan on an account that charges another currency.`,
    );
  }
  const dividend = new Decimal(100).minus(terms.agencyPercent).times(100);
  return dividend.div(new Decimal(100).plus(terms.taxPercent)).toFixed(2, Decimal.ROUND_HALF_UP);
}
