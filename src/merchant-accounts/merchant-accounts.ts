import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import { AppError, SettingError } from '../errors.ts';
import { newId } from '../ids.ts';
import { ProviderError } from '../providers/errors.ts';
import type { AccountRef, PaymentProvider, ProviderAccount, ProviderName } from '../providers/port.ts';
import { type AccountRow, type ReadAccount, readAccountRow, selectAccounts } from './merchant-account.store.ts';
import { effectiveCurrencyOf, type MerchantAccount } from './merchant-account.ts';
import { isAway, type ProviderSettings, probeRefusal } from './probe-refusal.ts';

export interface PlatformProbe {
  readonly chargeCurrency: string;
  readonly usdRate: string;
  /** Whether the key is a live one. */
  readonly livemode: boolean;
  /** Named in the sentence that stops the start. */
  readonly settings: ProviderSettings;
}

export interface PlatformAccount {
  readonly account: MerchantAccount;
  /** Why the account is as an earlier start left it: the provider could not be asked. Null where it was. */
  readonly notAsked: string | null;
}

export interface MerchantAccounts {
  /**
   * Resolves the account of the configured key, asks the provider what it can charge, and stores the answer. Run at every
   * start, so that a changed setting or a changed account is seen. While the provider is away the stored account serves: to stop
   * would be to refuse its webhooks too. Throws `SettingError` when the key or the address is wrong, when there is nothing stored,
   * and when the account can charge nothing of use.
   */
  probePlatform(provider: PaymentProvider, wanted: PlatformProbe): Promise<PlatformAccount>;
  /** The account that a new checkout of this agency uses: its own newest active one, Stripe first, else the platform's. */
  forNewCheckout(agencyId: string, provider?: ProviderName): Promise<MerchantAccount>;
  /** `sql`: inside a transaction, its own client. Another connection of the pool, asked for while one is held, may never come. */
  byId(id: string, sql?: Sql): Promise<MerchantAccount | null>;
  byProviderAccount(provider: ProviderName, providerAccountId: string, sql?: Sql): Promise<MerchantAccount | null>;
  /** A stored row as an account: knows which ones belong to the configured keys. */
  readonly read: ReadAccount;
}

export const accountRefOf = (account: MerchantAccount): AccountRef => ({
  id: account.providerAccountId,
  platform: account.platform,
});

const since = ({ connectedAt, createdAt }: AccountRow): number => (connectedAt ?? createdAt).getTime();

interface Dependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly platformAgencyId: string;
}

export function createMerchantAccounts({ database, clock, platformAgencyId }: Dependencies): MerchantAccounts {
  const { prisma } = database;

  /** The accounts that the configured keys belong to, as resolved at this start. */
  const ownedByKey = new Map<ProviderName, string>();

  const read: ReadAccount = (row) => readAccountRow(row, ownedByKey.get(row.provider) === row.providerAccountId);

  const readFirst = (rows: readonly AccountRow[]): MerchantAccount | null => (rows[0] ? read(rows[0]) : null);

  const byProviderAccount: MerchantAccounts['byProviderAccount'] = async (
    provider,
    providerAccountId,
    sql = database.pool,
  ) =>
    readFirst(await selectAccounts(sql, 'provider = $1 AND provider_account_id = $2', [provider, providerAccountId]));

  return {
    probePlatform: async (provider, { chargeCurrency, usdRate, livemode, settings }) => {
      let found: ProviderAccount;
      try {
        found = await provider.accounts.current();
      } catch (error) {
        if (!(error instanceof ProviderError)) throw error;
        const [stored] = isAway(error)
          ? await selectAccounts(
              database.pool,
              `agency_id = $1 AND provider = $2 AND livemode = $3 AND status <> 'disconnected'`,
              [platformAgencyId, provider.name, livemode],
            )
          : [];
        if (!stored) throw probeRefusal(error, settings);
        ownedByKey.set(provider.name, stored.providerAccountId);
        return { account: read(stored), notAsked: error.message };
      }
      ownedByKey.set(provider.name, found.id);
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
        chargesEnabled: found.chargesEnabled,
        payoutsEnabled: found.payoutsEnabled,
        detailsSubmitted: found.detailsSubmitted,
        requirements: { ...found.requirements, deadline: found.requirements.deadline?.toISOString() ?? null },
        chargeableCurrencies: [...found.chargeableCurrencies],
        readAt: now,
        disconnectedAt: null,
        disconnectedBy: null,
        updatedAt: now,
      };
      await prisma.$transaction(async (tx) => {
        // A key of another account is another account; the old one's history stays with it.
        await tx.merchantAccount.updateMany({
          where: { agencyId: platformAgencyId, provider: provider.name, NOT: { providerAccountId: found.id } },
          data: { status: 'disconnected', updatedAt: now },
        });
        await tx.merchantAccount.upsert({
          where: { provider_providerAccountId: { provider: provider.name, providerAccountId: found.id } },
          create: {
            agencyId: platformAgencyId,
            id: newId('merchantAccount'),
            provider: provider.name,
            providerAccountId: found.id,
            connectedAt: now,
            createdAt: now,
            ...facts,
          },
          update: facts,
        });
      });
      const account = await byProviderAccount(provider.name, found.id);
      if (!account) throw new Error(`account ${found.id} was stored and is not there`);
      return { account, notAsked: null };
    },

    forNewCheckout: async (agencyId, provider) => {
      const rows = [
        ...(await selectAccounts(
          database.pool,
          `agency_id = ANY($1) AND status = 'active' AND ($2::text IS NULL OR provider = $2)`,
          [[agencyId, platformAgencyId], provider ?? null],
        )),
      ];
      const rank = (row: AccountRow): string => `${row.agencyId === agencyId ? 0 : 1} ${row.provider}`;
      const byRank = (a: AccountRow, b: AccountRow): number => rank(a).localeCompare(rank(b));
      // An older account that comes back takes nothing from its successor.
      const [best] = rows.sort((a, b) => byRank(a, b) || since(b) - since(a) || (a.id < b.id ? 1 : -1));
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

    byId: async (id, sql = database.pool) => readFirst(await selectAccounts(sql, 'id = $1', [id])),
    byProviderAccount,
    read,
  };
}
