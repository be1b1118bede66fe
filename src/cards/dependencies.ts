import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { OperationDependencies } from '../providers/operation.ts';
import type { Providers } from '../providers/port.ts';
import type { ClientKey } from './card.store.ts';
import type { CardVerification } from './verification.store.ts';

/** A room that needs a client to have a card, such as auto-refill. Asked before the last one is removed. */
export interface CardUse {
  /** What needs it, as a sentence goes on: `auto-refill is on`. */
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
  /** Told when a client's default card is another or has changed, in the transaction of the change. */
  readonly onDefaultChanged: (sql: Sql, client: ClientKey) => Promise<void>;
  /** Told when a bank wants to see the client before it lets a card be held, in the transaction that learns of it. */
  readonly onActionRequired: (sql: Sql, verification: CardVerification, url: string) => Promise<void>;
  /** Told of a hold that could not be looked after now; the next run tries again. */
  readonly onFailure: (holdId: string, error: unknown) => void;
  /** Base of the pages that clients come back to, without a slash at its end. */
  readonly publicUrl: string;
}

/** Places the hold of a verification, and lets go of it. Its payload is `HoldKey`. */
export const verifyJobName = 'cards.verify' as const;
/** Lets go of a hold that stands though it was called over. Its payload names the hold and its payment. */
export const releaseJobName = 'cards.release_stray' as const;
/** Stores a card that was saved by another way, such as a subscription's. Its payload is `AdoptedCard`. */
export const adoptJobName = 'cards.adopt' as const;
/** Looks after holds that nobody heard of. */
export const sweepJobName = 'cards.sweep_holds' as const;
/** Detaches a removed card at its provider. Its payload names the card. */
export const detachJobName = 'cards.detach' as const;
/** Tells the provider which card is the default. Its payload names the card. */
export const defaultJobName = 'cards.set_default' as const;
