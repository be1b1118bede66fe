import { inTransaction } from '../database/database.ts';
import { Gather } from '../delivery/gather.ts';
import { invalidField } from '../errors.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { type PrepareDependencies, prepare } from './prepare.ts';
import { OvertakenBatch, type RecordDependencies, recordBatch } from './record-batch.ts';
import { isKept, isRefused, type Refusable } from './refusable.ts';
import { eventName, type Outcome, type Unit } from './unit.ts';
import { accepted, type Delivered, duplicate, type EventResult, rejected, type UsageEvent } from './usage-event.ts';

export type IngestDependencies = PrepareDependencies & RecordDependencies;

export const eventsMax = 1_000;

/** A request's events that could be read, and whose clients they may be about. */
interface Load {
  readonly agencyId: string | null;
  readonly events: readonly UsageEvent[];
}

/** Requests of more events than this go by themselves: a shared commit should not make the small ones wait. */
const sharedEventsMax = 20;
/** Batches that were overtaken by another transaction are run again so often. */
const attemptsMax = 5;

export type Ingest = (scope: Scope, delivered: readonly Delivered[]) => Promise<readonly EventResult[]>;

/**
 * Records usage: durable, rated and drawn before the answer. One answer per event, in their order: what is wrong with one is said of it
 * alone. Small requests that arrive at the same moment share a commit. Throws `AppError` 422 `too_many_events`.
 */
export function createIngest(dependencies: IngestDependencies): Ingest {
  const shared = new Gather<Load, readonly Refusable<Recorded>[] | Error>({
    run: (loads) => recordLoads(dependencies, loads),
    batchMax: 32,
    lanes: 2,
  });
  return async (scope, delivered) => {
    if (delivered.length > eventsMax) {
      throw invalidField('body', 'too_many_events', `At most ${eventsMax} events at once: split them.`);
    }
    const events = delivered.flatMap(({ read }) => ('refused' in read ? [] : [read]));
    const load = { agencyId: agencyOf(scope) ?? null, events };
    const [own] = events.length > sharedEventsMax ? await recordLoads(dependencies, [load]) : [];
    const recorded = events.length === 0 ? [] : (own ?? (await shared.submit(load)));
    if (recorded instanceof Error) throw recorded;
    let next = 0;
    return delivered.map(({ sentId, read }): EventResult => {
      if ('refused' in read) return { id: sentId, status: 'rejected', code: 'invalid_event', message: read.refused };
      const outcome = recorded[next];
      next += 1;
      if (outcome === undefined) throw new Error(`nothing was decided of event ${read.id}`);
      return resultOf(sentId ?? read.id, outcome);
    });
  };
}

interface Recorded {
  readonly outcome: Outcome;
}

function resultOf(id: string, result: Refusable<Recorded>): EventResult {
  if (isRefused(result)) return rejected(id, result.refused);
  const { outcome } = result;
  if (outcome === 'recorded') return accepted(id);
  return outcome === 'duplicate' ? duplicate(id) : rejected(id, outcome);
}

/** Loads of several requests in one transaction; where that fails, each by itself, so that one bad one never fails the others. */
async function recordLoads(
  dependencies: IngestDependencies,
  loads: readonly Load[],
): Promise<readonly (readonly Refusable<Recorded>[] | Error)[]> {
  try {
    return await recordTogether(dependencies, loads);
  } catch (error) {
    if (loads.length === 1) return [error instanceof Error ? error : new Error(String(error))];
    const answers: (readonly Refusable<Recorded>[] | Error)[] = [];
    for (const load of loads) answers.push(...(await recordLoads(dependencies, [load])));
    return answers;
  }
}

async function recordTogether(
  dependencies: IngestDependencies,
  loads: readonly Load[],
): Promise<readonly (readonly Refusable<Recorded>[])[]> {
  const prepared: Refusable<Unit>[][] = [];
  for (const [agencyId, sameScope] of Map.groupBy(loads, (load) => load.agencyId)) {
    const units = await prepare(
      dependencies,
      agencyId,
      sameScope.flatMap(({ events }) => events),
    );
    let first = 0;
    for (const load of sameScope) {
      prepared[loads.indexOf(load)] = units.slice(first, first + load.events.length);
      first += load.events.length;
    }
  }
  const outcomes = await record(dependencies, prepared.flat().filter(isKept));
  return prepared.map((units) =>
    units.map((unit): Refusable<Recorded> => {
      if (isRefused(unit)) return unit;
      const outcome = outcomes.get(unit);
      if (outcome === undefined) throw new Error(`event ${eventName(unit)} was left out of its batch`);
      return { outcome };
    }),
  );
}

async function record(dependencies: IngestDependencies, units: readonly Unit[]): Promise<ReadonlyMap<Unit, Outcome>> {
  if (units.length === 0) return new Map();
  const takesBack = units.some(({ event }) => event.reverses !== null);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const care = takesBack || attempt > 1 ? 'look' : 'assume_new';
      return await inTransaction(dependencies.database.pool, (sql) => recordBatch(dependencies, sql, units, care));
    } catch (error) {
      if (!(error instanceof OvertakenBatch) || attempt === attemptsMax) throw error;
    }
  }
}
