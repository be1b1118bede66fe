import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import type { Sealer } from '../tenancy/sealed.ts';
import type { Message, Sender, Sent } from './send.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Waits before each further try: together about a day. After the last the delivery has failed, and waits for a person. */
export const retryWaitsMs: readonly number[] = [
  10_000,
  minuteMs,
  5 * minuteMs,
  15 * minuteMs,
  hourMs,
  3 * hourMs,
  8 * hourMs,
  12 * hourMs,
];

/** How long a claim is good for: longer than any send. */
const claimMs = 2 * minuteMs;
/** Under way at once, and of one endpoint, so that a slow one leaves room for the others. */
const atOnceMax = 16;
const perEndpointMax = 2;
/** Sent by one job: then whatever else waits for a worker has its turn. */
const perJobMax = 128;
const keptForMs = 30 * 24 * hourMs;

/** The endpoint does not want to hear of anything any more (RFC 9110, 410 Gone). */
const gone = 410;

const dueRow = z.object({
  agencyId: z.string(),
  id: z.string(),
  endpointId: z.string(),
  body: z.string(),
  attempts: z.number(),
  url: z.string(),
  secret: z.string(),
  previousSecret: z.string().nullable(),
});
type DueDelivery = z.output<typeof dueRow>;

/**
 * What may be sent: of each endpoint no more than together with what is under way. A claim that is good still is due at its end.
 * Parameters: now, the end of a claim of now, of one endpoint.
 */
const sendable = `
claimed AS (
  SELECT agency_id, endpoint_id, count(*) AS live FROM outgoing_deliveries
   WHERE status = 'pending' AND due_at > $1 AND due_at <= $2 AND claim_token IS NOT NULL GROUP BY agency_id, endpoint_id
), ranked AS (
  SELECT agency_id, id, endpoint_id, row_number() OVER (PARTITION BY agency_id, endpoint_id ORDER BY due_at, id) AS place
    FROM outgoing_deliveries WHERE status = 'pending' AND due_at <= $1
), sendable AS (
  SELECT agency_id, id FROM ranked LEFT JOIN claimed USING (agency_id, endpoint_id) WHERE place <= $3 - coalesce(live, 0)
)`;

const anyDue = `WITH ${sendable} SELECT EXISTS (SELECT FROM sendable) AS due`;

/** Further parameters: token, of all. */
const claimDue = `
WITH ${sendable}, due AS (
  SELECT d.agency_id, d.id FROM outgoing_deliveries d JOIN sendable USING (agency_id, id)
   WHERE d.status = 'pending' AND d.due_at <= $1
   ORDER BY d.due_at, d.id LIMIT $5 FOR UPDATE OF d SKIP LOCKED
)
UPDATE outgoing_deliveries d SET due_at = $2, claim_token = $4, attempts = d.attempts + 1
  FROM due JOIN webhook_endpoints w ON w.agency_id = due.agency_id
 WHERE d.agency_id = due.agency_id AND d.id = due.id AND w.id = d.endpoint_id
RETURNING d.agency_id AS "agencyId", d.id, d.endpoint_id AS "endpointId", d.body, d.attempts, w.url, w.secret,
          CASE WHEN w.previous_secret_until > $1 THEN w.previous_secret END AS "previousSecret"`;

/** Only what the token still holds is marked. */
const finish = `
UPDATE outgoing_deliveries SET status = $3, due_at = $4, response_status = $5, last_error = $6, delivered_at = $7, claim_token = NULL
 WHERE agency_id = $1 AND id = $2 AND claim_token = $8 AND status = 'pending'`;

export interface DeliverDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly sender: Sender;
  readonly sealer: Sealer;
}

/** Whether anything could be sent now. */
export async function isDeliveryDue({
  database,
  clock,
}: Pick<DeliverDependencies, 'database' | 'clock'>): Promise<boolean> {
  const { rows } = await database.pool.query<{ due: boolean }>(anyDue, limitsAt(clock.now()));
  return rows[0]?.due === true;
}

const limitsAt = (now: Date): [Date, Date, number] => [now, new Date(now.getTime() + claimMs), perEndpointMax];

/** Sends what is due, up to what one job may. What is sent makes room for the next, whatever else is still waited for. */
export async function deliverSome(dependencies: DeliverDependencies): Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  const failures: unknown[] = [];
  let left = perJobMax;
  while (failures.length === 0) {
    const free = Math.min(atOnceMax - underWay.size, left);
    // What ends while the database is asked is counted as under way in the answer, which then says nothing of what is left.
    const isQuiet = underWay.size === 0;
    const token = randomUUID();
    const claimed = free === 0 ? [] : await claim(dependencies, token, free);
    left -= claimed.length;
    for (const delivery of claimed) {
      const sending = deliverOne(dependencies, delivery, token)
        .catch((error: unknown) => failures.push(error))
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
    }
    if (isQuiet && claimed.length === 0) return;
    if (underWay.size > 0) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  throw failures[0];
}

async function claim({ database, clock }: DeliverDependencies, token: string, max: number): Promise<DueDelivery[]> {
  const { rows } = await database.pool.query(claimDue, [...limitsAt(clock.now()), token, max]);
  return rows.map((row) => dueRow.parse(row));
}

async function deliverOne(
  { database, clock, sender, sealer }: DeliverDependencies,
  delivery: DueDelivery,
  token: string,
): Promise<void> {
  const secrets = [delivery.secret, ...(delivery.previousSecret === null ? [] : [delivery.previousSecret])];
  const message: Message = {
    id: delivery.id,
    url: delivery.url,
    body: delivery.body,
    secrets: secrets.map(sealer.open),
    sentAt: clock.now(),
  };
  const sent = await sender.send(message);
  const now = clock.now();
  const next = afterSend(delivery.attempts, sent, now);
  await database.pool.query(finish, [
    delivery.agencyId,
    delivery.id,
    next.status,
    next.dueAt,
    sent.status,
    sent.error,
    next.status === 'delivered' ? now : null,
    token,
  ]);
  if (sent.status === gone) {
    await database.pool.query(
      `UPDATE webhook_endpoints SET disabled_at = $3, disabled_reason = 'it answered 410 Gone'
        WHERE agency_id = $1 AND id = $2 AND disabled_at IS NULL`,
      [delivery.agencyId, delivery.endpointId, now],
    );
  }
}

/** What a send makes of its delivery. `attempts` counts this one. */
export function afterSend(
  attempts: number,
  sent: Sent,
  now: Date,
): { readonly status: 'pending' | 'delivered' | 'failed'; readonly dueAt: Date } {
  if (sent.error === null) return { status: 'delivered', dueAt: now };
  const waitMs = sent.status === gone ? undefined : retryWaitsMs[attempts - 1];
  return waitMs === undefined
    ? { status: 'failed', dueAt: now }
    : { status: 'pending', dueAt: new Date(now.getTime() + waitMs) };
}

/** What is over for a month is nobody's to send again. */
export async function purgeDeliveries({
  database,
  clock,
}: Pick<DeliverDependencies, 'database' | 'clock'>): Promise<void> {
  await database.pool.query(`DELETE FROM outgoing_deliveries WHERE status <> 'pending' AND created_at < $1`, [
    new Date(clock.now().getTime() - keptForMs),
  ]);
}
