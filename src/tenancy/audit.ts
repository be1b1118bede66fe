import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database, Sql } from '../database/database.ts';
import { Prisma } from '../database/generated/client.ts';
import { newId } from '../ids.ts';
import type { Role, Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

/** What an entry keeps of a subject: its fields by name. */
export type AuditedFields = Readonly<Record<string, unknown>>;

/** One change, to be written in the transaction that makes it. */
export interface AuditedChange {
  /** Whose record it is. */
  readonly agencyId: string;
  /** What was done, such as `plan.published`. */
  readonly action: string;
  /** The id of what was changed. */
  readonly subject: string;
  /** Null where there was nothing before. */
  readonly before: AuditedFields | null;
  /** Null where nothing is left. */
  readonly after: AuditedFields | null;
}

/** `id` is the API key's, or the customer's where a portal token was used. */
export interface Actor {
  /** `public`: somebody without a key, such as a browser that follows a link. */
  readonly role: Role | 'public';
  readonly id: string;
}

export const actorOf = (scope: Scope): Actor => ({
  role: scope.role,
  id: scope.role === 'portal' ? scope.customerId : scope.keyId,
});

/** Writes who changed what, when, from what to what. The table only grows; a trigger refuses anything else. */
export async function recordChange(sql: Sql, clock: Clock, scope: Scope, change: AuditedChange): Promise<void> {
  const { agencyId, action, subject, before, after } = change;
  const actor = actorOf(scope);
  await sql.query(
    `INSERT INTO audit_entries (agency_id, id, at, actor_role, actor_id, action, subject, before, after)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      agencyId,
      newId('auditEntry'),
      clock.now(),
      actor.role,
      actor.id,
      action,
      subject,
      before && JSON.stringify(before),
      after && JSON.stringify(after),
    ],
  );
}

/** Prisma's client, or one inside a transaction. */
interface AuditTable {
  readonly auditEntry: { create(args: { data: Prisma.AuditEntryUncheckedCreateInput }): Promise<unknown> };
}

const storedFields = z.record(z.string(), z.json());

const stored = (given: AuditedFields | null) => (given === null ? Prisma.DbNull : storedFields.parse(given));

/** As `recordChange`, for a change that is made through Prisma: pass the client of its transaction. */
export async function noteChange(db: AuditTable, clock: Clock, scope: Scope, change: AuditedChange): Promise<void> {
  const { agencyId, action, subject, before, after } = change;
  const actor = actorOf(scope);
  await db.auditEntry.create({
    data: {
      agencyId,
      id: newId('auditEntry'),
      at: clock.now(),
      actorRole: actor.role,
      actorId: actor.id,
      action,
      subject,
      before: stored(before),
      after: stored(after),
    },
  });
}

const fields = z.record(z.string(), z.unknown()).nullable();

export const auditEntrySchema = z.object({
  id: z.string(),
  agencyId: z.string(),
  at: z.date(),
  actor: z.object({ role: z.enum(['platform', 'agency', 'portal', 'public']), id: z.string() }),
  action: z.string(),
  subject: z.string(),
  before: fields,
  after: fields,
});
export type AuditEntry = z.output<typeof auditEntrySchema>;

/** Newest first, at most `limit`, those written before the entry whose id is `after`. */
export async function listAuditEntries(
  { prisma }: Pick<Database, 'prisma'>,
  scope: Scope,
  filter: { readonly subject: string | undefined },
  page: { readonly limit: number; readonly after: string | undefined },
): Promise<readonly AuditEntry[]> {
  const rows = await scoped(prisma, scope).auditEntry.findMany({
    where: {
      ...(filter.subject === undefined ? {} : { subject: filter.subject }),
      ...(page.after === undefined ? {} : { id: { lt: page.after } }),
    },
    orderBy: { id: 'desc' },
    take: page.limit,
  });
  return rows.map(({ actorRole, actorId, ...row }) =>
    auditEntrySchema.parse({ ...row, actor: { role: actorRole, id: actorId } }),
  );
}
