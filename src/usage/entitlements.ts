import type { Decimal } from 'decimal.js';
import { findClient } from '../catalog/offer.store.ts';
import { inTransaction, type Sql } from '../database/database.ts';
import { invalidField } from '../errors.ts';
import type { Money } from '../money/money.ts';
import type { AddOns } from '../subscriptions/subscription.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type Cover, decideCall, type RefusalReason, type Slots, serviceRefusalOf } from './decide-call.ts';
import { type Asked, type ReadFacts, readGateFacts, slotsOf } from './gate-facts.ts';
import type { CallDependencies } from './start-call.ts';
import { findFeatures, type VersionTerms } from './terms.ts';

/** How many of something a client may have. */
export interface Limit {
  readonly feature: string;
  readonly included: number;
  readonly rented: number;
  /** Null: not limited. */
  readonly limit: number | null;
}

/** What a client may use of a feature now. */
export interface FeatureEntitlement {
  readonly feature: string;
  /** Why a call of it would be refused; null: it would not. */
  readonly reason: RefusalReason | null;
  /** In the feature's unit; null: not limited. */
  readonly affordable: Decimal | null;
  /** Of quotas and licences, less what calls hold. */
  readonly remaining: Decimal;
  /** USD per unit beyond; null: nothing more is sold. */
  readonly price: Money | null;
}

export interface Entitlements {
  readonly customerId: string;
  /** Why the client is not served at all; null: it is. */
  readonly reason: RefusalReason | null;
  readonly cover: Cover;
  readonly slots: Slots;
  readonly features: readonly FeatureEntitlement[];
  readonly limits: readonly Limit[];
}

/** No call is let in by it, so that nothing is locked. */
const about = (feature: string): Asked => ({ feature, callId: null, sessionId: null, takesSlot: false });

/** What a client may do now, without a call. Throws `AppError` 404. */
export function readEntitlements(
  dependencies: CallDependencies,
  scope: Scope,
  customerId: string,
): Promise<Entitlements> {
  return inTransaction(dependencies.database.pool, async (sql) => {
    const client = await findClient(sql, scope, customerId, 'none');
    const read = (feature: string) => readGateFacts(dependencies, sql, client, about(feature));
    const general = await read('');
    const { version, addOns } = general;
    const named = await openFeatures(sql, client.agencyId, customerId, dependencies.clock.now());
    const features: FeatureEntitlement[] = [];
    for (const feature of new Set([...(version?.usage.map((line) => line.feature) ?? []), ...named])) {
      const facts = await read(feature);
      const { reason, affordable } = decideCall(facts, null);
      features.push({
        feature,
        reason,
        affordable,
        remaining: facts.quantityLeft.minus(facts.heldQuantity),
        price: facts.terms.price,
      });
    }
    return {
      customerId,
      reason: serviceRefusalOf(general),
      cover: general.cover,
      slots: general.slots,
      features,
      limits: version ? version.recurring.map(({ feature }) => limitOf(version, addOns, feature)) : [],
    };
  });
}

/** Features that a trial or a licence gives, beside those of a plan. */
async function openFeatures(sql: Sql, agencyId: string, customerId: string, now: Date): Promise<readonly string[]> {
  const { rows } = await sql.query<{ feature: string }>(
    `SELECT feature FROM quota_periods
      WHERE agency_id = $1 AND customer_id = $2 AND period_start <= $3 AND period_end > $3
     UNION
     SELECT feature FROM licences
      WHERE agency_id = $1 AND customer_id = $2 AND kind = 'quantity' AND starts_at <= $3
        AND coalesce(least(expires_at, revoked_at), 'infinity') > $3
     ORDER BY 1`,
    [agencyId, customerId, now],
  );
  return rows.map(({ feature }) => feature);
}

function limitOf(version: VersionTerms, addOns: AddOns, feature: string): Limit {
  const included = version.recurring.find((line) => line.feature === feature)?.included ?? 0;
  const rented = addOns[feature] ?? 0;
  const limit = feature === 'concurrency' ? slotsOf(version, addOns) : included + rented;
  return { feature, included, rented, limit };
}

export interface LimitRequest {
  readonly customerId: string;
  /** Seats, numbers, members: what is held from month to month. */
  readonly feature: string;
  readonly quantity: number;
}

export interface LimitAnswer {
  readonly allowed: boolean;
  readonly reason: RefusalReason | 'limit_exceeded' | null;
  /** Null: not limited. */
  readonly limit: number | null;
}

/**
 * May this client have that many? A trial limits calls at once and nothing else. Throws `AppError` 404, 422 `unknown_feature`, and 422
 * `feature_kind_mismatch` for what is used up and not held.
 */
export function checkLimit(
  dependencies: CallDependencies,
  scope: Scope,
  { customerId, feature, quantity }: LimitRequest,
): Promise<LimitAnswer> {
  return inTransaction(dependencies.database.pool, async (sql) => {
    const client = await findClient(sql, scope, customerId, 'none');
    const known = (await findFeatures(sql, [{ agencyId: client.agencyId, feature }]))(client.agencyId, feature);
    if (!known) throw invalidField('feature', 'unknown_feature', 'There is no such feature.');
    if (known.kind !== 'recurring') {
      throw invalidField('feature', 'feature_kind_mismatch', 'This feature is used up: ask for a call of it instead.');
    }
    const facts = await readGateFacts(dependencies, sql, client, about(feature));
    const unserved = serviceRefusalOf(facts);
    if (unserved !== null) return { allowed: false, reason: unserved, limit: null };
    return limitAnswer(facts, feature, quantity);
  });
}

function limitAnswer(facts: ReadFacts, feature: string, quantity: number): LimitAnswer {
  const { version, addOns, cover, slots } = facts;
  if (cover !== 'subscription' || !version) {
    const limit = feature === 'concurrency' ? slots.limit : null;
    return within(limit, quantity);
  }
  if (!version.recurring.some((line) => line.feature === feature)) {
    return quantity === 0
      ? { allowed: true, reason: null, limit: 0 }
      : { allowed: false, reason: 'feature_not_in_plan', limit: 0 };
  }
  return within(limitOf(version, addOns, feature).limit, quantity);
}

const within = (limit: number | null, quantity: number): LimitAnswer =>
  limit === null || quantity <= limit
    ? { allowed: true, reason: null, limit }
    : { allowed: false, reason: 'limit_exceeded', limit };
