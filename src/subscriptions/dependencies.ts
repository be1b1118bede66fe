import type { CustomerKey } from '../catalog/offer.store.ts';
import type { PlanKey } from '../catalog/plan.store.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { Money } from '../money/money.ts';
import type { Emit } from '../outgoing/emit.ts';
import type { Notify } from '../outgoing/notices.ts';
import type { OperationDependencies } from '../providers/operation.ts';
import type { Providers } from '../providers/port.ts';

/** The verified card that a client's subscription may be charged to. */
export interface ChargeableCard {
  readonly merchantAccountId: string;
  readonly providerCardId: string;
  readonly providerCustomerId: string;
}

/** A card that was refused for an invoice. Codes are the provider's own words. */
export interface RenewalDecline extends CustomerKey {
  readonly merchantAccountId: string;
  readonly providerCardId: string;
  /** Names the try. */
  readonly fact: string;
  readonly amount: Money;
  readonly code: string | null;
  readonly declineCode: string | null;
  readonly adviceCode: string | null;
}

export interface BillingDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly ledger: Ledger;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly operations: OperationDependencies;
  readonly outgoing: { readonly emit: Emit };
  readonly notify: Notify;
  readonly findDefaultCard: (sql: Sql, client: CustomerKey) => Promise<ChargeableCard | null>;
  /** Told of the card that a new subscription is charged to, in the transaction that learns of it. */
  readonly onSubscriptionCard: (
    sql: Sql,
    card: CustomerKey & {
      readonly merchantAccountId: string;
      readonly providerCardId: string;
      readonly hasPaid: boolean;
    },
  ) => Promise<void>;
  /** Told of a card that was refused for an invoice, in the transaction that learns of it. */
  readonly onRenewalDeclined: (sql: Sql, decline: RenewalDecline) => Promise<void>;
  readonly versionDocument: (sql: Sql, plan: PlanKey, version: number) => Promise<VersionDocument>;
  /** Told of what a provider refused while nobody waited for it. */
  readonly onFailure: (subscriptionId: string, error: unknown) => void;
  readonly publicUrl: string;
}

/** Makes the provider's subscription what ours says: its pending change, its end. Its payload names the subscription. */
export const carryJobName = 'subscriptions.carry' as const;
/** Ends a subscription whose trial was had before. Its payload names the subscription. */
export const refuseTrialJobName = 'subscriptions.refuse_trial' as const;
/** Makes the subscription of a card that was saved for it. Its payload names the checkout. */
export const createJobName = 'subscriptions.create' as const;
