import type { SettlePayments } from '../checkout/settle-payments.ts';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { Money } from '../money/money.ts';
import type { OperationDependencies } from '../providers/operation.ts';
import type { Providers } from '../providers/port.ts';
import type { LivePlanOf } from '../revenue/share.ts';
import type { BreakerState } from './breaker.ts';
import type { DeclineKind } from './decline.ts';
import type { ClientKey } from './refill.store.ts';

/** The card that a client's refills are charged to. */
export interface DefaultCard {
  readonly paymentMethodId: string;
  readonly merchantAccountId: string;
  readonly providerCardId: string;
  readonly providerCustomerId: string;
  /** Names the card wherever it is saved again. */
  readonly fingerprint: string;
  readonly verified: boolean;
  /** 1 to 12. */
  readonly expMonth: number;
  readonly expYear: number;
}

/** A card was refused. */
export interface DeclinedCard extends ClientKey {
  /** Names the try: told once, however often it is heard of. */
  readonly fact: string;
  readonly fingerprint: string;
  readonly amount: Money;
  readonly kind: DeclineKind;
  /** The provider's word for it. */
  readonly cause: string;
  readonly breaker: BreakerState;
  readonly nextAttemptAt: Date | null;
}

export interface RefillDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'balances'>;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly operations: OperationDependencies;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** By whose terms the payment is shared: a refill is a top-up like any other. */
  readonly livePlanOf: LivePlanOf;
  readonly findDefaultCard: (sql: Sql, client: ClientKey) => Promise<DefaultCard | null>;
  /** Holds a client's cards as they are until the transaction ends. */
  readonly lockCards: (sql: Sql, client: ClientKey) => Promise<void>;
  /** Whether a card is still saved and can be charged. */
  readonly isChargeable: (sql: Sql, agencyId: string, paymentMethodId: string) => Promise<boolean>;
  /** Tells the client and the agency of the first decline of a card; in the transaction that opens its breaker. */
  readonly announceDecline: (sql: Sql, decline: DeclinedCard) => Promise<void>;
  /** Credits a payment that the provider shows and whose event never came. Asked for late: payments are settled with our listener. */
  readonly settlePayments: () => SettlePayments;
  readonly publicUrl: string;
}

/** Looks whether a client is to be refilled. Its payload is `ClientKey`. */
export const evaluateJobName = 'refill.evaluate' as const;
/** Charges the card of a refill in flight. */
export const chargeJobName = 'refill.charge' as const;
/** Ends the payment that a declined refill left behind. */
export const cancelJobName = 'refill.cancel_payment' as const;
/** Wakes what waited for time to pass. */
export const sweepJobName = 'refill.sweep' as const;

/** How long a charge may be in flight before its outcome is asked for, in milliseconds. Its event usually comes within seconds. */
export const eventPatienceMs = 15 * 60_000;

/** An evaluation in the transaction of what makes it necessary. Several that wait are one. */
export const enqueueEvaluation = (
  { jobs }: Pick<RefillDependencies, 'jobs'>,
  sql: Sql,
  { agencyId, customerId }: ClientKey,
): Promise<void> =>
  jobs.enqueue(sql, {
    name: evaluateJobName,
    payload: { agencyId, customerId },
    key: `${evaluateJobName}:${agencyId}:${customerId}`,
  });
