import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import type { Notice } from '../database/generated/client.ts';
import type { Jobs, ScheduledJob } from '../delivery/jobs.ts';
import { conflict, notFound } from '../errors.ts';
import { newId } from '../ids.ts';
import { agencySettings } from '../tenancy/agency.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import type { Mailer } from './mailer.ts';
import { type NoticeFacts, type NoticeKind, oneLine, writeNotice } from './notice-kinds.ts';
import { createRun } from './run.ts';

/** A notice to be written. `fact` names what caused it: told once, however often it is asked for. */
export type NewNotice = {
  [Kind in NoticeKind]: {
    readonly kind: Kind;
    readonly agencyId: string;
    readonly customerId: string;
    readonly fact: string;
    readonly facts: NoticeFacts[Kind];
  };
}[NoticeKind];

/** In the caller's transaction: what is told and what happened stand or fall together. */
export type Notify = (sql: Sql, notices: readonly NewNotice[]) => Promise<void>;

export interface NoticeFilter {
  readonly customerId?: string | undefined;
  readonly status?: string | undefined;
}

/** E-mails to clients, in their agency's name. Every call but `notify` is limited to its scope. */
export interface Notices {
  readonly notify: Notify;
  list(
    scope: Scope,
    filter: NoticeFilter,
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<readonly Notice[]>;
  find(scope: Scope, id: string): Promise<Notice>;
  /** Sends it once more. Throws 404, and 409 `mail_not_configured` where nothing can be sent. */
  resend(scope: Scope, id: string): Promise<Notice>;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  sendDue(): Promise<void>;
}

export interface NoticeDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'enqueue'>;
  /** Null: there is no mail server, and notices are kept to be read. */
  readonly mailer: Mailer | null;
}

const sendJobName = 'notices.send';
const minuteMs = 60_000;
/** Waits before each further try; after the last the notice has failed. */
const retryWaitsMs: readonly number[] = [minuteMs, 5 * minuteMs, 30 * minuteMs, 120 * minuteMs, 720 * minuteMs];
/** Longer than a mail server may take. */
const claimMs = 5 * minuteMs;
/** Sent by one job: then whatever else waits for a worker has its turn. */
const perJobMax = 20;

const recipientRows = z.array(
  z.object({
    agencyId: z.string(),
    customerId: z.string(),
    email: z.string(),
    name: z.string(),
    settings: agencySettings,
  }),
);

/** Parameters: agencies, clients (arrays, pair by pair). */
const selectRecipients = `
SELECT DISTINCT c.agency_id AS "agencyId", c.id AS "customerId", c.email, a.name, a.settings
  FROM unnest($1::text[], $2::text[]) AS n(agency_id, customer_id)
  JOIN customers c ON c.agency_id = n.agency_id AND c.id = n.customer_id
  JOIN agencies a ON a.id = c.agency_id`;

const insertNotices = `
INSERT INTO notices (agency_id, id, customer_id, kind, fact, recipient, from_name, reply_to, subject, text, html, status, due_at, created_at)
SELECT n.*, $12, $13::timestamptz, $13::timestamptz
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::text[], $11::text[]) AS n
ON CONFLICT (agency_id, kind, fact) DO NOTHING`;

export function createNotices(dependencies: NoticeDependencies): Notices {
  const { database, clock, jobs, mailer } = dependencies;
  const wake = (sql: Sql): Promise<void> => jobs.enqueue(sql, { name: sendJobName, payload: {}, key: sendJobName });
  const find = async (scope: Scope, id: string): Promise<Notice> => {
    const row = await scoped(database.prisma, scope).notice.findFirst({ where: { id } });
    if (!row) throw notFound('notice');
    return row;
  };
  const run = createRun(dependencies, {
    name: sendJobName,
    some: () => sendSome(dependencies),
    isDue: () => isNoticeDue(dependencies),
  });

  return {
    notify: async (sql, notices) => {
      if (notices.length === 0) return;
      const written = await write(sql, notices);
      const now = clock.now();
      const columns = <Key extends keyof (typeof written)[number]>(key: Key) => written.map((notice) => notice[key]);
      await sql.query(insertNotices, [
        columns('agencyId'),
        written.map(() => newId('notice')),
        columns('customerId'),
        columns('kind'),
        columns('fact'),
        columns('recipient'),
        columns('fromName'),
        columns('replyTo'),
        columns('subject'),
        columns('text'),
        columns('html'),
        mailer ? 'queued' : 'kept',
        now,
      ]);
      if (mailer) await wake(sql);
    },

    list: (scope, { customerId, status }, { limit, after }) =>
      scoped(database.prisma, scope).notice.findMany({
        where: {
          ...(customerId === undefined ? {} : { customerId }),
          ...(status === undefined ? {} : { status }),
          ...(after === undefined ? {} : { id: { lt: after } }),
        },
        orderBy: { id: 'desc' },
        take: limit,
      }),
    find,
    resend: async (scope, id) => {
      const { agencyId } = await find(scope, id);
      if (!mailer) throw conflict('mail_not_configured', 'Set SMTP_URL to send e-mails: this one is kept to be read.');
      const row = await scoped(database.prisma, scope).notice.update({
        where: { agencyId_id: { agencyId, id } },
        data: { status: 'queued', attempts: 0, dueAt: clock.now(), claimToken: null },
      });
      await wake(database.pool);
      return row;
    },
    jobs: { [sendJobName]: { handle: run.job, cron: '* * * * *' } },
    sendDue: run.all,
  };
}

async function write(sql: Sql, notices: readonly NewNotice[]) {
  const { rows } = await sql.query(selectRecipients, [
    notices.map(({ agencyId }) => agencyId),
    notices.map(({ customerId }) => customerId),
  ]);
  const recipients = new Map(recipientRows.parse(rows).map((row) => [`${row.agencyId} ${row.customerId}`, row]));
  return notices.flatMap((notice) => {
    const to = recipients.get(`${notice.agencyId} ${notice.customerId}`);
    if (!to) return [];
    const { branding, support } = to.settings;
    const name = oneLine(branding?.displayName ?? to.name);
    const sender = { name, supportEmail: support?.email ?? null, supportUrl: support?.url ?? null };
    const { agencyId, customerId, kind, fact } = notice;
    const from = { recipient: to.email, fromName: name, replyTo: sender.supportEmail };
    return [{ agencyId, customerId, kind, fact, ...from, ...lettersOf(notice, sender) }];
  });
}

const lettersOf = (notice: NewNotice, sender: Parameters<typeof writeNotice>[2]) =>
  writeNotice(notice.kind, notice.facts, sender);

const dueRow = z.object({
  agencyId: z.string(),
  id: z.string(),
  recipient: z.string(),
  fromName: z.string(),
  replyTo: z.string().nullable(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  attempts: z.number(),
});

/** Parameters: now, claim's end, token. One at a time: a mail server takes its own time. */
const claimOne = `
UPDATE notices n SET due_at = $2, claim_token = $3, attempts = n.attempts + 1
 WHERE (n.agency_id, n.id) IN (SELECT agency_id, id FROM notices WHERE status = 'queued' AND due_at <= $1
                                ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING agency_id AS "agencyId", id, recipient, from_name AS "fromName", reply_to AS "replyTo", subject, text, html, attempts`;

const finish = `
UPDATE notices SET status = $3, due_at = $4, last_error = $5, sent_at = $6, claim_token = NULL
 WHERE agency_id = $1 AND id = $2 AND claim_token = $7 AND status = 'queued'`;

async function isNoticeDue({ database, clock, mailer }: NoticeDependencies): Promise<boolean> {
  if (!mailer) return false;
  const { rows } = await database.pool.query<{ due: boolean }>(
    `SELECT EXISTS (SELECT FROM notices WHERE status = 'queued' AND due_at <= $1) AS due`,
    [clock.now()],
  );
  return rows[0]?.due === true;
}

/**
 * Sends what is due, up to what one job may. A process that dies between the mail server's word and its note sends again, under the
 * same Message-ID, by which mailboxes know the two for one.
 */
async function sendSome({ database, clock, mailer }: NoticeDependencies): Promise<boolean> {
  if (!mailer) return false;
  for (let sent = 0; sent < perJobMax; sent += 1) {
    const now = clock.now();
    const token = randomUUID();
    const { rows } = await database.pool.query(claimOne, [now, new Date(now.getTime() + claimMs), token]);
    if (rows[0] === undefined) return true;
    const notice = dueRow.parse(rows[0]);
    const failure = await mailer.send(notice);
    const done = clock.now();
    const waitMs = failure?.kind === 'refused' ? undefined : retryWaitsMs[notice.attempts - 1];
    const status = failure === null ? 'sent' : waitMs === undefined ? 'failed' : 'queued';
    await database.pool.query(finish, [
      notice.agencyId,
      notice.id,
      status,
      new Date(done.getTime() + (status === 'queued' ? (waitMs ?? 0) : 0)),
      failure?.message ?? null,
      status === 'sent' ? done : null,
      token,
    ]);
    // The others keep their tries for a server that is there.
    if (failure?.kind === 'unreachable') return false;
  }
  return true;
}
