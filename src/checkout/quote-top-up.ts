import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Quote as QuoteRow } from '../database/generated/client.ts';
import { AppError, invalidField } from '../errors.ts';
import { newId } from '../ids.ts';
import { balanceCurrency, effectiveRateOf, type MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import { type Conversion, ExchangeRate } from '../money/exchange-rate.ts';
import { Money } from '../money/money.ts';
import type { CheckoutPort, ProviderName, Providers } from '../providers/port.ts';
import { requireServing } from '../tenancy/require-serving.ts';

/** How long a quote can be taken up, in milliseconds. Its rate is fixed anyway; this bounds what a change of rate owes. */
const quoteLifetimeMs = 3_600_000;

/** Decimals of a top-up (RULES, postings): with the rate's four they fit the ledger's six. */
const topUpDecimalsMax = 2;

/** What a client will be credited and charged. `charged` − `exact` is the rounding, which is posted with the payment. */
export interface TopUpQuote {
  readonly id: string;
  readonly agencyId: string;
  readonly customerId: string;
  readonly merchantAccountId: string;
  readonly credited: Money;
  readonly charged: Money;
  readonly exact: Money;
  readonly rounding: Money;
  readonly rate: ExchangeRate;
  /** Why the client is not charged in the account's charge currency; null where it is. */
  readonly currencyNotice: string | null;
  readonly expiresAt: Date;
}

/** The account's provider's checkout. Throws 422 where the provider is not configured or cannot sell. */
export function checkoutOf(providers: Providers, account: MerchantAccount): CheckoutPort {
  const checkout = providers[account.provider]?.checkout;
  if (!checkout)
    throw new AppError(422, 'checkout_not_available', `The ${account.provider} account has no hosted checkout here.`);
  return checkout;
}

/**
 * Converts an amount of balance into what the account charges for it. Throws 422, naming the path, for an amount that is not in
 * USD, not positive, has more than two decimals, or lies outside what the provider charges.
 */
export function convertTopUp(account: MerchantAccount, checkout: CheckoutPort, credited: Money): Conversion {
  if (credited.currency.code !== balanceCurrency) {
    throw invalidField(
      'amount.currency',
      'balance_currency',
      `A balance is kept in ${balanceCurrency}: give the amount in it.`,
    );
  }
  if (!credited.isPositive) throw invalidField('amount.amount', 'amount_not_positive', 'A top-up must be above zero.');
  if (credited.decimalPlaces > topUpDecimalsMax) {
    throw invalidField('amount.amount', 'too_many_decimals', 'A top-up has at most two decimals.');
  }
  const conversion = effectiveRateOf(account).toChargeable(credited);
  const least = checkout.minimumCharge(account.effectiveCurrency);
  if (conversion.charged.compare(least) < 0) {
    throw invalidField(
      'amount.amount',
      'amount_below_minimum',
      `This is ${conversion.charged}; the least that can be charged is ${least}.`,
    );
  }
  const most = checkout.maximumCharge(account.effectiveCurrency);
  if (conversion.charged.compare(most) > 0) {
    throw invalidField(
      'amount.amount',
      'amount_above_maximum',
      `This is ${conversion.charged}; the most that can be charged is ${most}.`,
    );
  }
  return conversion;
}

export interface QuoteRequest {
  readonly agencyId: string;
  readonly customerId: string;
  readonly credited: Money;
  readonly provider?: ProviderName | undefined;
}

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
}

export type QuoteTopUp = (request: QuoteRequest) => Promise<TopUpQuote>;

/** Quotes a top-up of a customer that the caller has already found in its scope. Throws 409 where it or its agency is disabled. */
export function createQuoteTopUp({ database, clock, providers, merchantAccounts }: Dependencies): QuoteTopUp {
  return async ({ agencyId, customerId, credited, provider }) => {
    await requireServing(database.pool, { agencyId, customerId });
    const account = await merchantAccounts.forNewCheckout(agencyId, provider);
    const { charged, exact, rounding, rate } = convertTopUp(account, checkoutOf(providers, account), credited);
    const now = clock.now();
    const expiresAt = new Date(now.getTime() + quoteLifetimeMs);
    const id = newId('quote');
    await database.prisma.quote.create({
      data: {
        agencyId,
        id,
        customerId,
        merchantAccountId: account.id,
        credited: credited.amount,
        chargeCurrency: charged.currency.code,
        charged: charged.amount,
        exact: exact.amount,
        rate: rate.value,
        expiresAt,
        createdAt: now,
      },
    });
    return {
      id,
      agencyId,
      customerId,
      merchantAccountId: account.id,
      credited,
      charged,
      exact,
      rounding,
      rate,
      currencyNotice: account.effectiveReason,
      expiresAt,
    };
  };
}

/** A stored quote's money. */
export function quotedMoney(row: QuoteRow): Pick<TopUpQuote, 'credited' | 'charged' | 'exact' | 'rate'> {
  return {
    credited: Money.of(row.credited.toFixed(), balanceCurrency),
    charged: Money.of(row.charged.toFixed(), row.chargeCurrency),
    exact: Money.of(row.exact.toFixed(), row.chargeCurrency),
    rate: ExchangeRate.of(balanceCurrency, row.chargeCurrency, row.rate.toFixed()),
  };
}
