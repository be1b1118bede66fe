import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import { errorMessage } from '../errors.ts';
import { newId } from '../ids.ts';
import type { Caller } from './access-refusal.ts';

/** One refused call of a known caller. */
export interface RefusedCall {
  readonly caller: Caller;
  readonly code: string;
  /** Method and pattern, such as `GET /v1/customers/:id`. */
  readonly route: string;
  /** The ids that the call named, by field. */
  readonly named: Readonly<Record<string, string>>;
}

/** Not awaited: no call waits for, or fails by, the note of its refusal. */
export type NoteRefusal = (refused: RefusedCall) => void;

export interface RefusalDependencies {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly log: { warn(detail: object, message: string): void };
  /** True for the first of its name within a minute: a loop must not fill the table. */
  readonly firstOfMinute: (name: string) => Promise<boolean>;
}

/** Notes refusals in the audit trail as `access.refused`: at most one per caller, code and route and minute. */
export const createNoteRefusal =
  (dependencies: RefusalDependencies): NoteRefusal =>
  (refused) => {
    write(dependencies, refused).catch((error: unknown) =>
      dependencies.log.warn(
        { subject: refused.caller.subject, code: refused.code, cause: errorMessage(error) },
        'a refusal was not noted in the audit trail',
      ),
    );
  };

async function write(
  { sql, clock, firstOfMinute }: RefusalDependencies,
  { caller, code, route, named }: RefusedCall,
): Promise<void> {
  if (!(await firstOfMinute(`${caller.subject} ${code} ${route}`))) return;
  await sql.query(
    `INSERT INTO audit_entries (agency_id, id, at, actor_role, actor_id, action, subject, before, after)
     VALUES (COALESCE($1, (SELECT id FROM agencies WHERE is_platform)), $2, $3, $4, $5, 'access.refused', $6, NULL, $7)`,
    [
      caller.agencyId,
      newId('auditEntry'),
      clock.now(),
      caller.actor.role,
      caller.actor.id,
      caller.subject,
      JSON.stringify({ code, route, named }),
    ],
  );
}
