import type { Clock } from '../clock.ts';
import type { Sql } from '../database/database.ts';
import type { Jobs } from '../delivery/jobs.ts';
import { newId } from '../ids.ts';
import { eventTypes, type OutgoingEvent } from './event-types.ts';

/** The job that sends what is due. */
export const deliverJobName = 'outgoing.deliver' as const;

/** In the caller's transaction: what is told and what happened stand or fall together. */
export type Emit = (sql: Sql, events: readonly OutgoingEvent[]) => Promise<void>;

/** One row for each endpoint that hears the type. Parameters: agencies, ids' suffixes, types, facts, bodies (arrays), now. */
const insertDeliveries = `
INSERT INTO outgoing_deliveries (agency_id, id, endpoint_id, type, fact, body, status, due_at, created_at)
SELECT e.agency_id, e.id || '_' || right(w.id, 6), w.id, e.type, e.fact, e.body, 'pending', $6, $6
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) AS e(agency_id, id, type, fact, body)
  JOIN webhook_endpoints w ON w.agency_id = e.agency_id AND w.disabled_at IS NULL
   AND (e.type = ANY (w.event_types) OR '*' = ANY (w.event_types))
ON CONFLICT (agency_id, endpoint_id, type, fact) DO NOTHING`;

/** Set-wise: one statement whatever the number, and next to nothing where nobody listens. */
export const createEmit =
  ({ clock, jobs }: { readonly clock: Clock; readonly jobs: Pick<Jobs, 'enqueue'> }): Emit =>
  async (sql, events) => {
    if (events.length === 0) return;
    const now = clock.now();
    const bodies = events.map(({ type, data }) =>
      JSON.stringify({ type, timestamp: now.toISOString(), data: eventTypes[type].parse(data) }),
    );
    const stored = await sql.query(insertDeliveries, [
      events.map(({ agencyId }) => agencyId),
      events.map(() => newId('outgoingDelivery')),
      events.map(({ type }) => type),
      events.map(({ fact }) => fact),
      bodies,
      now,
    ]);
    if (stored.rowCount) await jobs.enqueue(sql, { name: deliverJobName, payload: {}, key: deliverJobName });
  };
