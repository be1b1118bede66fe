import type { Clock } from '../clock.ts';
import type { Jobs } from '../delivery/jobs.ts';
import type { AccountListener } from '../merchant-accounts/mirror-account.ts';
import { followJob } from './follow-job.ts';
import { resumeUnread } from './follow-payments.sql.ts';

/** When an account answers to us again, what its payments brought meanwhile is read: the platform's fee in them too. */
export const resumeFollowing =
  ({ clock, jobs }: { readonly clock: Clock; readonly jobs: Pick<Jobs, 'enqueue'> }): AccountListener =>
  async (sql, { before, after }) => {
    if (before?.status !== 'disconnected' || after.status === 'disconnected') return;
    const { rowCount } = await sql.query(resumeUnread, [after.provider, after.providerAccountId, clock.now()]);
    if (rowCount) await jobs.enqueue(sql, followJob());
  };
