import { z } from 'zod';
import { featureRegistry, featureSchema } from '../catalog/features.ts';
import { type CustomerKey, findClient } from '../catalog/offer.store.ts';
import type { Clock } from '../clock.ts';
import { type Database, inTransaction, type Sql } from '../database/database.ts';
import { invalidField, notFound } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import { type AuditedFields, actorOf, recordChange } from '../tenancy/audit.ts';
import type { Scope } from '../tenancy/scope.ts';
import { insertLicence, listLicences, loadLicence, saveLicence, standingDays } from './licence.store.ts';
import {
  type CheckedGrant,
  checkGrant,
  daysAfter,
  type Grant,
  type Licence,
  type LicenceView,
  licenceAt,
  movedUp,
  nextStart,
} from './licence.ts';

/** What was used of licences by now, by their ids; of one that is left out nothing. Given by whoever rates usage. */
export type LicenceUse = (
  sql: Sql,
  customer: CustomerKey,
  licenceIds: readonly string[],
) => Promise<ReadonlyMap<string, string>>;

export interface LicenceDependencies {
  readonly database: Database;
  readonly clock: Clock;
  /** Absent while nothing is rated: then nothing of any licence is used. */
  readonly licenceUse?: LicenceUse;
}

export interface NewLicence extends Grant {
  readonly remarks: string;
  /** The idempotent request behind it, if there is one: the same request grants once. */
  readonly requestId: string | undefined;
}

/** Licences of clients. Every call is limited to its scope: another tenant's id is `AppError` 404. */
export interface Licences {
  /** Throws `AppError` 422 for what cannot be granted, each rule with its own code. */
  grant(scope: Scope, customerId: string, licence: NewLicence): Promise<LicenceView>;
  /** Newest first, at most `limit`, those made before the one whose id is `after`. */
  list(
    scope: Scope,
    customerId: string,
    page: { readonly limit: number; readonly after: string | undefined },
  ): Promise<readonly LicenceView[]>;
  remark(scope: Scope, customerId: string, id: string, remarks: string): Promise<LicenceView>;
  /** From now on; what was used of it stays used. Days that were to follow move up. Again, it changes nothing. */
  revoke(scope: Scope, customerId: string, id: string): Promise<void>;
}

export function createLicences(dependencies: LicenceDependencies): Licences {
  const { database, clock } = dependencies;
  /** Held for a change, so that two grants to one client stack one after the other. */
  const changing = <Result>(
    scope: Scope,
    customerId: string,
    work: (sql: Sql, customer: CustomerKey, now: Date) => Promise<Result>,
  ): Promise<Result> =>
    inTransaction(database.pool, async (sql) =>
      work(sql, await findClient(sql, scope, customerId, 'change'), clock.now()),
    );
  const record = (sql: Sql, scope: Scope, action: string, before: Licence | null, after: Licence) =>
    recordChange(sql, clock, scope, {
      agencyId: after.agencyId,
      action: `licence.${action}`,
      subject: after.id,
      before: before && audited(before),
      after: audited(after),
    });

  return {
    grant: (scope, customerId, { remarks, requestId, ...grant }) =>
      changing(scope, customerId, async (sql, customer, now) => {
        const id = requestId === undefined ? newId('licence') : idOfRequest('licence', requestId);
        const own = await loadLicence(sql, customer, id);
        if (own) return viewOf(dependencies, sql, own, now);
        const checked = checkGrant(grant, now);
        if (checked.kind === 'quantity') await requireUsageFeature(sql, customer, checked.feature);
        const actor = actorOf(scope);
        const licence: Licence = {
          ...customer,
          ...(await standingOf(sql, customer, checked, now)),
          id,
          remarks,
          source: 'granted',
          orderId: null,
          grantedBy: `${actor.role}:${actor.id}`,
          revokedAt: null,
          createdAt: now,
        };
        await insertLicence(sql, licence);
        await record(sql, scope, 'granted', null, licence);
        return viewOf(dependencies, sql, licence, now);
      }),

    list: async (scope, customerId, page) => {
      const customer = await findClient(database.pool, scope, customerId, 'none');
      return viewsOf(
        dependencies,
        database.pool,
        customer,
        await listLicences(database.pool, customer, page),
        clock.now(),
      );
    },

    remark: (scope, customerId, id, remarks) =>
      changing(scope, customerId, async (sql, customer, now) => {
        const licence = await requireLicence(sql, customer, id);
        const changed = { ...licence, remarks };
        if (remarks !== licence.remarks) {
          await saveLicence(sql, changed, now);
          await record(sql, scope, 'remarked', licence, changed);
        }
        return viewOf(dependencies, sql, changed, now);
      }),

    revoke: (scope, customerId, id) =>
      changing(scope, customerId, async (sql, customer, now) => {
        const licence = await requireLicence(sql, customer, id);
        if (licence.revokedAt !== null) return;
        const revoked = { ...licence, revokedAt: now };
        await saveLicence(sql, revoked, now);
        await record(sql, scope, 'revoked', licence, revoked);
        for (const moved of movedUp(await standingDays(sql, customer, now), now)) await saveLicence(sql, moved, now);
      }),
  };
}

/** When what is granted begins and ends: days follow each other, quantities stand beside each other. */
async function standingOf(
  sql: Sql,
  customer: CustomerKey,
  grant: CheckedGrant,
  now: Date,
): Promise<Pick<Licence, 'kind' | 'feature' | 'quantity' | 'days' | 'startsAt' | 'expiresAt'>> {
  if (grant.kind === 'quantity') return { ...grant, days: null, startsAt: now };
  const startsAt = nextStart(await standingDays(sql, customer, now), now);
  return { ...grant, feature: null, quantity: null, startsAt, expiresAt: daysAfter(startsAt, grant.days) };
}

async function requireLicence(sql: Sql, customer: CustomerKey, id: string): Promise<Licence> {
  const licence = await loadLicence(sql, customer, id);
  if (!licence) throw notFound('licence');
  return licence;
}

const featureRows = z.array(featureSchema);

async function requireUsageFeature(sql: Sql, { agencyId }: CustomerKey, feature: string): Promise<void> {
  const { rows } = await sql.query('SELECT id, name, unit, kind, aggregation FROM features WHERE agency_id = $1', [
    agencyId,
  ]);
  const known = featureRegistry(featureRows.parse(rows)).get(feature);
  if (!known) {
    const message = `There is no feature ${feature}: use one that GET /v1/features lists.`;
    throw invalidField('feature', 'unknown_feature', message);
  }
  if (known.kind !== 'usage') {
    const message = `${feature} is held from month to month, not used up: grant a usage feature, such as call_minutes.`;
    throw invalidField('feature', 'feature_kind_mismatch', message);
  }
}

async function viewsOf(
  { licenceUse }: LicenceDependencies,
  sql: Sql,
  customer: CustomerKey,
  licences: readonly Licence[],
  now: Date,
): Promise<readonly LicenceView[]> {
  const used = await licenceUse?.(
    sql,
    customer,
    licences.map(({ id }) => id),
  );
  return licences.map((licence) => licenceAt(licence, used?.get(licence.id) ?? '0', now));
}

async function viewOf(dependencies: LicenceDependencies, sql: Sql, licence: Licence, now: Date): Promise<LicenceView> {
  const [view] = await viewsOf(dependencies, sql, licence, [licence], now);
  if (!view) throw new Error(`licence ${licence.id} has no view`);
  return view;
}

const audited = ({
  customerId,
  kind,
  feature,
  quantity,
  days,
  startsAt,
  expiresAt,
  ...licence
}: Licence): AuditedFields => ({
  ...{ customerId, kind, feature, quantity, days, startsAt, expiresAt },
  remarks: licence.remarks,
  source: licence.source,
  grantedBy: licence.grantedBy,
  revokedAt: licence.revokedAt,
});
