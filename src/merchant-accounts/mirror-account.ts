import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { ProviderAccount } from '../providers/port.ts';
import { lockAccount, type ReadAccount, saveMirror } from './merchant-account.store.ts';
import { type EffectiveCurrency, effectiveCurrencyOf, type MerchantAccount } from './merchant-account.ts';

/** A reading of an account at its provider. Null: it no longer answers to us. */
export interface AccountReading {
  readonly provider: string;
  readonly providerAccountId: string;
  readonly found: ProviderAccount | null;
  /** When the reading began: of two, the later one tells more. */
  readonly readAt: Date;
  /** What made us read, e.g. `event:evt_...`. */
  readonly source: string;
}

/** Told of what changed in an account, in the transaction that changed it. */
export type AccountListener = (
  sql: Sql,
  change: { readonly before: MerchantAccount | null; readonly after: MerchantAccount; readonly source: string },
) => Promise<void>;

export interface MirrorDependencies {
  readonly clock: Clock;
  readonly read: ReadAccount;
  readonly listeners: readonly AccountListener[];
}

/** What an account may do, from what its provider says. A form that was never finished is onboarding, whatever is due. */
export function statusOf(found: ProviderAccount | null, canCharge: boolean): MerchantAccount['status'] {
  if (found === null) return 'disconnected';
  if (found.chargesEnabled) return canCharge ? 'active' : 'restricted';
  return found.detailsSubmitted ? 'restricted' : 'onboarding';
}

/**
 * Applies a reading to the account it is of, in the caller's transaction. An older reading than the one that is stored changes
 * nothing, so that events may come late, twice and in any order. An account that its operator disconnected stays so until it is
 * connected again on purpose. Answers what the account is then; null for one that is not known here.
 */
export async function mirrorAccount(
  { clock, read, listeners }: MirrorDependencies,
  sql: Sql,
  { provider, providerAccountId, found, readAt, source }: AccountReading,
): Promise<MerchantAccount | null> {
  const row = await lockAccount(sql, provider, providerAccountId);
  if (!row) return null;
  const before = read(row);
  if (row.disconnectedBy === 'operator' || (row.readAt !== null && row.readAt > readAt)) return before;

  const possible = found && effectiveCurrencyOf(before.chargeCurrency, found);
  const status = statusOf(found, possible !== null);
  const effective = possible ?? (found && nothingChargeable(before, found));
  const saved = await saveMirror(sql, row, {
    status,
    found,
    effective,
    readAt,
    disconnectedBy: found === null ? 'provider' : null,
    now: clock.now(),
  });
  const after = read(saved);
  if (isDifferent(before, after)) for (const tell of listeners) await tell(sql, { before, after, source });
  return after;
}

/** Neither its currency nor that of balances: nothing can be sold on it, and it says why. */
const nothingChargeable = (account: MerchantAccount, found: ProviderAccount): EffectiveCurrency => ({
  currency: account.effectiveCurrency,
  reason: `Account ${found.id} (${found.country}) can charge neither ${account.chargeCurrency} nor USD, so nothing can be sold on it.`,
});

/** What somebody who lives on the account would act on. */
const told = ({
  status,
  effectiveCurrency,
  chargesEnabled,
  payoutsEnabled,
  requirements,
  chargeableCurrencies,
}: MerchantAccount) =>
  JSON.stringify([status, effectiveCurrency, chargesEnabled, payoutsEnabled, requirements, chargeableCurrencies]);

const isDifferent = (before: MerchantAccount, after: MerchantAccount): boolean => told(before) !== told(after);
