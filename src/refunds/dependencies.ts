import type { SettlePayments } from '../checkout/settle-payments.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { OperationDependencies } from '../providers/operation.ts';
import type { Providers } from '../providers/port.ts';

export interface RefundDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, 'post'>;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  readonly providers: Providers;
  readonly merchantAccounts: MerchantAccounts;
  readonly operations: OperationDependencies;
  /** Credits a payment that is heard of through what went back of it. */
  readonly settlePayments: SettlePayments;
}
