import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import type { Database } from './database/database.ts';
import type { RecentAnswers } from './delivery/recent-answers.ts';
import type { AccountDependencies, AccountWebhooks } from './merchant-accounts/dependencies.ts';
import type { MerchantAccounts } from './merchant-accounts/merchant-accounts.ts';
import type { Mailer } from './outgoing/mailer.ts';
import type { Sender } from './outgoing/send.ts';
import type { Providers } from './providers/port.ts';
import type { Backfill } from './reconciliation/reconcile.ts';
import type { Signer } from './tenancy/api-key.ts';
import type { Sealer } from './tenancy/sealed.ts';

/** What the rooms are built with. */
export interface RoomDependencies {
  /** Where events that never came are put, and what was found missing is told of. */
  readonly backfill: Backfill;
  readonly database: Database;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  /** What accounts of agencies are charged in, and its rate per USD, where nobody says otherwise. */
  readonly defaultTerms: AccountDependencies['defaultTerms'];
  /** Signs the addresses that account owners come back to. */
  readonly sign: Signer;
  readonly sealer: Sealer;
  /** Where providers tell of one account alone; left out: of none. */
  readonly accountWebhooks?: AccountWebhooks;
  /** Sends to agencies' own systems. */
  readonly sender: Sender;
  readonly webhooksAllowPrivateAddresses: boolean;
  /** Null: there is no mail server. */
  readonly mailer: Mailer | null;
  /** Keeps refusals of the gate for a moment; null: each call asks the database. */
  readonly refusals?: RecentAnswers | null;
  /** Base of the pages that clients come back to, without a slash at its end. */
  readonly publicUrl: string;
  readonly log: Logger;
}
