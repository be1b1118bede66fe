import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { AppError } from '../errors.ts';
import type { OperationDependencies } from '../providers/operation.ts';
import type { ConnectPort, PaymentProvider, ProviderName, Providers } from '../providers/port.ts';
import type { Credentials } from './credentials.ts';
import type { MerchantAccounts } from './merchant-accounts.ts';
import type { AccountListener } from './mirror-account.ts';
import type { OnboardingStates } from './onboarding-state.ts';

export type AccountWebhooks = {
  readonly [Name in ProviderName]?: {
    readonly urlOf: (merchantAccountId: string) => string;
    readonly eventTypes: readonly string[];
  };
};

/** What the use cases of agencies' accounts need. */
export interface AccountDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly operations: OperationDependencies;
  readonly merchantAccounts: MerchantAccounts;
  readonly credentials: Credentials;
  /** Where a provider tells of one account alone, and of what. Left out: an endpoint of the platform hears all of them. */
  readonly accountWebhooks?: AccountWebhooks | undefined;
  readonly states: OnboardingStates;
  readonly listeners: readonly AccountListener[];
  /** What accounts are charged in, and at which rate per USD, where nobody says otherwise. */
  readonly defaultTerms: { readonly chargeCurrency: string; readonly usdRate: string };
  /** Base of the addresses that owners come back to, without a slash at its end. */
  readonly publicUrl: string;
}

/** A provider whose accounts agencies connect. Throws 422 `provider_not_available` for one that is not configured here. */
export function connectOf(
  providers: Providers,
  name: ProviderName,
): { readonly provider: PaymentProvider; readonly connect: ConnectPort } {
  const provider = providers[name];
  const connect = provider?.accounts.connect;
  if (!provider || !connect) {
    const message = `${name} accounts cannot be connected on this installation.`;
    throw new AppError(422, 'provider_not_available', message, [{ path: 'provider', message }]);
  }
  return { provider, connect };
}
