import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { OperationDependencies } from '../providers/operation.ts';
import type { Providers } from '../providers/port.ts';
import type { ClientKey } from './card.store.ts';

/** A room that needs a client to have a card, such as auto-refill. Asked before the last one is removed. */
export interface CardUse {
  /** What needs it, e.g. `auto-refill is on`. */
  readonly name: string;
  isLive(sql: Sql, client: ClientKey): Promise<boolean>;
}

export interface CardDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly operations: OperationDependencies;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly cardUses: readonly CardUse[];
  /** Told when a client's default card or its verification changes, in the transaction of the change. */
  readonly onCardChanged: (sql: Sql, client: ClientKey) => Promise<void>;
  readonly publicUrl: string;
}

/** Places the hold of a verification, and lets go of it. Its payload names the verification. */
export const verifyJobName = 'cards.verify' as const;
/** Looks after holds that nobody heard of. */
export const sweepHoldsJobName = 'cards.sweep_holds' as const;
/** Detaches a removed card at its provider. */
export const detachJobName = 'cards.detach' as const;
/** Tells the provider which card is the default. */
export const defaultJobName = 'cards.set_default' as const;
