import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { newId } from '../ids.ts';
import { accountRefOf, type MerchantAccounts } from '../merchant-accounts/merchant-accounts.ts';
import type { MeterDelivery, MeterEvent } from '../providers/meter-ports.ts';
import type { PaymentProvider, Providers } from '../providers/port.ts';
import { raiseAlert, setTimes, settleDeliveries, takeDue, wakeWindows } from './meter.sql.ts';
import { countsAt, type DeliveryState, takenMs } from './meter-window.ts';

export interface DeliverDependencies {
  readonly database: Pick<Database, 'pool'>;
  readonly clock: Clock;
  readonly providers: Providers;
  readonly merchantAccounts: Pick<MerchantAccounts, 'byId'>;
}

interface TakenRow {
  readonly agencyId: string;
  readonly identifier: string;
  readonly customerId: string;
  readonly feature: string;
  readonly periodStart: Date;
  readonly value: string;
  readonly at: Date;
  readonly state: 'pending' | 'canceling';
  readonly attempts: number;
  readonly mayHaveRun: boolean;
  readonly merchantAccountId: string;
  readonly eventName: string;
  readonly providerCustomerId: string;
  readonly endsAt: Date;
}

/** What became of one call. `wake`: when its window is to look again; `block`: and makes nothing until then. */
interface Settled {
  readonly row: TakenRow;
  readonly state: DeliveryState;
  readonly nextAt: Date | null;
  readonly mayHaveRun: boolean;
  readonly code: string | null;
  readonly message: string | null;
  readonly wake: Date | null;
  readonly block: boolean;
}

const batchMax = 200;
const minute = 60_000;
/** After a failure: a minute, doubled each time up to an hour, within which a period's last event still gets through. */
const backoffMs = (attempts: number): number => Math.min(minute * 2 ** Math.min(attempts - 1, 6), 60 * minute);
/** A call that nobody tells the end of is made again after this: the process died. */
const lostAfterMs = 5 * minute;
/** What was refused is tried as a new event a day later: the cause may be gone, and a person has seen the alert. */
const blockedMs = 24 * 60 * minute;

/** Sends what is due, and takes back what is to be taken back. Answers how many calls were made. */
export async function deliverMeters(dependencies: DeliverDependencies): Promise<number> {
  let made = 0;
  for (;;) {
    const now = dependencies.clock.now();
    const { rows } = await dependencies.database.pool.query<TakenRow>(takeDue, [
      now,
      new Date(now.getTime() + lostAfterMs),
      batchMax,
    ]);
    if (rows.length === 0) return made;
    const timed = await withTimes(dependencies, rows, now);
    const byAccount = [...Map.groupBy(timed, ({ merchantAccountId }) => merchantAccountId)];
    // Side by side: an account whose calls hang keeps only its own usage waiting.
    await Promise.all(byAccount.map(([accountId, ofAccount]) => callAccount(dependencies, accountId, ofAccount)));
    made += rows.length;
    if (rows.length < batchMax) return made;
  }
}

/** What never ran counts now; what may have run says again what it said. */
async function withTimes(
  { database }: DeliverDependencies,
  rows: readonly TakenRow[],
  now: Date,
): Promise<readonly TakenRow[]> {
  const timed = rows.map((row) =>
    row.state === 'canceling' || row.mayHaveRun ? row : { ...row, at: countsAt(row, now) },
  );
  await database.pool.query(setTimes, [
    timed.map(({ agencyId }) => agencyId),
    timed.map(({ identifier }) => identifier),
    timed.map(({ at }) => at),
  ]);
  return timed;
}

async function callAccount(
  dependencies: DeliverDependencies,
  accountId: string,
  rows: readonly TakenRow[],
): Promise<void> {
  const { clock, merchantAccounts, providers } = dependencies;
  const account = await merchantAccounts.byId(accountId);
  const metering = account && providers[account.provider]?.metering;
  if (!account || !metering) {
    const away = rows.map((row) => later(row, clock.now(), 'no_metering', 'The account cannot be told of usage now.'));
    return settle(dependencies, away);
  }
  const ref = accountRefOf(account);
  const now = clock.now();
  const tooOld = rows.filter(({ state, at }) => state === 'pending' && now.getTime() - at.getTime() >= takenMs);
  const sendable = rows.filter((row) => row.state === 'pending' && !tooOld.includes(row));
  const events = sendable.map(
    (row): MeterEvent => ({
      identifier: row.identifier,
      eventName: row.eventName,
      providerCustomerId: row.providerCustomerId,
      value: plain(row.value),
      at: row.at,
    }),
  );
  const attemptOf = new Map(rows.map(({ identifier, attempts }) => [identifier, attempts]));
  // Each attempt has a key of its own, for the identifier keeps it single: a failure that a key would bring again is not kept.
  const answers = await metering.send(ref, events, ({ identifier }) => ({
    idempotencyKey: `meter:${identifier}:${attemptOf.get(identifier) ?? 0}`,
  }));
  const sent = sendable.flatMap((row, index) => {
    const answer = answers[index];
    return answer ? [settledBy(row, answer, clock.now())] : [];
  });
  const canceled: Settled[] = [];
  for (const row of rows.filter(({ state }) => state === 'canceling')) {
    canceled.push(await takeBack(metering, ref, row, clock));
  }
  await settle(dependencies, [...tooOld.map((row) => ended(row, 'unbillable', 'too_old')), ...sent, ...canceled]);
}

/** Without the zeros that the database adds. */
const plain = (value: string): string => (value.includes('.') ? value.replace(/\.?0+$/, '') : value);

const ended = (row: TakenRow, state: DeliveryState, code: string | null, message: string | null = null): Settled => ({
  row,
  state,
  nextAt: null,
  mayHaveRun: false,
  code,
  message,
  wake: null,
  block: false,
});

const later = (row: TakenRow, now: Date, code: string, message: string, mayHaveRun = false): Settled => ({
  ...ended(row, row.state, code, message),
  nextAt: new Date(now.getTime() + backoffMs(row.attempts)),
  mayHaveRun,
});

function settledBy(row: TakenRow, answer: MeterDelivery, now: Date): Settled {
  switch (answer.outcome) {
    case 'delivered':
    case 'already':
      return ended(row, 'delivered', null);
    case 'later':
      return later(row, now, answer.code, answer.message, answer.mayHaveRun);
    case 'refused':
      return {
        ...ended(row, 'refused', answer.code, answer.message),
        wake: new Date(now.getTime() + blockedMs),
        block: true,
      };
  }
}

async function takeBack(
  metering: NonNullable<PaymentProvider['metering']>,
  ref: Parameters<typeof metering.cancel>[0],
  row: TakenRow,
  clock: Clock,
): Promise<Settled> {
  const answer = await metering.cancel(ref, row, {
    idempotencyKey: `meter:cancel:${row.identifier}:${row.attempts}`,
  });
  const now = clock.now();
  if (answer.outcome === 'canceled') return { ...ended(row, 'canceled', null), wake: now };
  if (answer.outcome === 'later') return later(row, now, answer.code, answer.message);
  // It stays: the window sees again that it told too much, and finds it too old to be taken back.
  return { ...ended(row, 'delivered', answer.code, answer.message), wake: new Date(now.getTime() + blockedMs) };
}

async function settle({ database: { pool }, clock }: DeliverDependencies, settled: readonly Settled[]): Promise<void> {
  if (settled.length === 0) return;
  const now = clock.now();
  await pool.query(settleDeliveries, [
    settled.map(({ row }) => row.agencyId),
    settled.map(({ row }) => row.identifier),
    settled.map(({ row }) => row.state),
    settled.map(({ state }) => state),
    settled.map(({ nextAt }) => nextAt),
    settled.map(({ mayHaveRun }) => mayHaveRun),
    settled.map(({ code }) => code),
    settled.map(({ message }) => message),
    now,
  ]);
  for (const { row, wake, block } of settled) {
    if (wake) await pool.query(wakeWindows, [[row.agencyId], [row.identifier], wake, block ? wake : null]);
  }
  for (const { row, state, code, message } of settled) {
    if (state !== 'refused' && state !== 'unbillable') continue;
    const kind = state === 'refused' ? 'usage_refused' : 'usage_unbillable';
    const { customerId, feature, value } = row;
    const detail = JSON.stringify({ customerId, feature, value: plain(value), reason: code, message });
    await pool.query(raiseAlert, [row.agencyId, kind, row.identifier, newId('alert'), detail, now]);
  }
}
