import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { MerchantAccount as AccountRow } from '../database/generated/client.ts';
import { AppError, SettingError } from '../errors.ts';
import { newId } from '../ids.ts';
import { ExchangeRate } from '../money/exchange-rate.ts';
import type { AccountRef, PaymentProvider, ProviderName } from '../providers/port.ts';
import { effectiveCurrencyOf, type MerchantAccount } from './merchant-account.ts';

export interface MerchantAccounts {
  /**
   * Resolves the account of the configured key, asks the provider what it can charge, and stores the answer. Run at every
   * start, so that a changed setting or a changed account is seen. Throws `SettingError` when it can charge nothing of use.
   */
  probePlatform(
    provider: PaymentProvider,
    wanted: { readonly chargeCurrency: string; readonly usdRate: string },
  ): Promise<MerchantAccount>;
  /** The account that a new checkout of this agency uses: its own active one, Stripe first, else the platform's. */
  forNewCheckout(agencyId: string, provider?: ProviderName): Promise<MerchantAccount>;
  byId(id: string): Promise<MerchantAccount | null>;
  byProviderAccount(provider: ProviderName, providerAccountId: string): Promise<MerchantAccount | null>;
}

export const accountRefOf = (account: MerchantAccount): AccountRef => ({
  id: account.providerAccountId,
  platform: account.platform,
});

const providerNames = ['stripe', 'whop'] as const satisfies readonly ProviderName[];
const statuses = [
  'onboarding',
  'restricted',
  'active',
  'disconnected',
] as const satisfies readonly MerchantAccount['status'][];

/** The database's CHECKs hold these lists too; a value outside them means that the code is older than the data. */
function oneOf<const Value extends string>(values: readonly Value[], found: string): Value {
  const value = values.find((candidate) => candidate === found);
  if (value === undefined) throw new Error(`unexpected stored value ${found}`);
  return value;
}

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly platformAgencyId: string;
}

export function createMerchantAccounts({ database, clock, platformAgencyId }: Dependencies): MerchantAccounts {
  const { prisma } = database;

  const read = (row: AccountRow): MerchantAccount => ({
    id: row.id,
    agencyId: row.agencyId,
    provider: oneOf(providerNames, row.provider),
    providerAccountId: row.providerAccountId,
    platform: row.agencyId === platformAgencyId,
    livemode: row.livemode,
    country: row.country,
    chargeCurrency: row.chargeCurrency,
    usdRate: ExchangeRate.of('USD', row.chargeCurrency, row.usdRate.toString()),
    effectiveCurrency: row.effectiveCurrency,
    effectiveReason: row.effectiveReason,
    settlementCurrency: row.settlementCurrency,
    status: oneOf(statuses, row.status),
  });

  return {
    probePlatform: async (provider, { chargeCurrency, usdRate }) => {
      const found = await provider.accounts.current();
      const effective = effectiveCurrencyOf(chargeCurrency, found);
      if (!effective) {
        throw new SettingError(
          `CHARGE_CURRENCY is ${chargeCurrency}, but the ${provider.name} account ${found.id} (${found.country}) can charge neither it nor USD.`,
        );
      }
      const now = clock.now();
      const facts = {
        livemode: found.livemode,
        country: found.country,
        chargeCurrency,
        usdRate,
        effectiveCurrency: effective.currency,
        effectiveReason: effective.reason,
        settlementCurrency: found.settlementCurrency,
        status: found.chargesEnabled ? 'active' : 'restricted',
        updatedAt: now,
      };
      return prisma.$transaction(async (tx) => {
        // A key of another account is another account; the old one's history stays with it.
        await tx.merchantAccount.updateMany({
          where: { agencyId: platformAgencyId, provider: provider.name, NOT: { providerAccountId: found.id } },
          data: { status: 'disconnected', updatedAt: now },
        });
        const row = await tx.merchantAccount.upsert({
          where: { provider_providerAccountId: { provider: provider.name, providerAccountId: found.id } },
          create: {
            agencyId: platformAgencyId,
            id: newId('merchantAccount'),
            provider: provider.name,
            providerAccountId: found.id,
            createdAt: now,
            ...facts,
          },
          update: facts,
        });
        return read(row);
      });
    },

    forNewCheckout: async (agencyId, provider) => {
      const rows = await prisma.merchantAccount.findMany({
        where: {
          agencyId: { in: [agencyId, platformAgencyId] },
          status: 'active',
          ...(provider === undefined ? {} : { provider }),
        },
      });
      const rank = (row: AccountRow): string => `${row.agencyId === agencyId ? 0 : 1} ${row.provider} ${row.id}`;
      const [best] = rows.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
      if (!best) {
        throw new AppError(
          422,
          'no_active_merchant_account',
          provider === undefined
            ? 'No merchant account can take payments for this agency.'
            : `No active ${provider} account can take payments for this agency.`,
        );
      }
      return read(best);
    },

    byId: async (id) => {
      const row = await prisma.merchantAccount.findFirst({ where: { id } });
      return row ? read(row) : null;
    },

    byProviderAccount: async (provider, providerAccountId) => {
      const row = await prisma.merchantAccount.findUnique({
        where: { provider_providerAccountId: { provider, providerAccountId } },
      });
      return row ? read(row) : null;
    },
  };
}
