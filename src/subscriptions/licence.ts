import { Decimal } from 'decimal.js';
import { z } from 'zod';
import { invalidField } from '../errors.ts';

export const licenceKindSchema = z.enum(['days', 'quantity']);
export const licenceSourceSchema = z.enum(['granted', 'pack']);

/** What a client may use beyond its plan, granted by hand or bought as a pack: days of service, or a quantity of a feature. */
export interface Licence {
  readonly id: string;
  readonly agencyId: string;
  readonly customerId: string;
  readonly kind: z.output<typeof licenceKindSchema>;
  /** Of a quantity; null of days, which are of service as a whole. */
  readonly feature: string | null;
  /** A decimal string in the feature's unit; null of days. */
  readonly quantity: string | null;
  /** Null of a quantity. */
  readonly days: number | null;
  readonly startsAt: Date;
  /** Null: it lasts until it is used. */
  readonly expiresAt: Date | null;
  readonly remarks: string;
  readonly source: z.output<typeof licenceSourceSchema>;
  /** The order that it was bought by; null where it was granted. */
  readonly orderId: string | null;
  /** Who granted it, e.g. `agency:key_...`; of a pack `order:ord_...`. */
  readonly grantedBy: string;
  readonly revokedAt: Date | null;
  readonly createdAt: Date;
}

export const licenceDaysMax = 3650;
export const licenceQuantityMax = new Decimal('1000000000');
/** What a grant of a quantity is of where nobody says otherwise. */
export const defaultFeature = 'call_minutes';

const dayMs = 86_400_000;

export const daysAfter = (start: Date, days: number): Date => new Date(start.getTime() + days * dayMs);

/** What somebody asks to be granted. */
export interface Grant {
  readonly days?: number | undefined;
  readonly feature?: string | undefined;
  readonly quantity?: string | undefined;
  readonly expiresAt?: Date | undefined;
}

export type CheckedGrant =
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'quantity'; readonly feature: string; readonly quantity: string; readonly expiresAt: Date | null };

/** Throws `AppError` 422, each rule with a code of its own. Whether the feature is there is asked elsewhere. */
export function checkGrant({ days, feature, quantity, expiresAt }: Grant, now: Date): CheckedGrant {
  if ((days === undefined) === (quantity === undefined)) {
    throw invalidField('days', 'licence_days_or_quantity', 'Grant either days or a quantity of a feature, not both.');
  }
  if (days !== undefined) {
    if (feature !== undefined) {
      throw invalidField(
        'feature',
        'licence_days_of_feature',
        'Days are of service as a whole: leave the feature out.',
      );
    }
    if (expiresAt !== undefined) {
      throw invalidField('expiresAt', 'licence_days_with_expiry', 'Days say when they end: leave expiresAt out.');
    }
    if (days === 0) throw invalidField('days', 'licence_days_zero', 'Grant at least one day.');
    if (days < 0)
      throw invalidField('days', 'licence_days_negative', 'Days are not taken back this way: revoke a licence.');
    if (days > licenceDaysMax) {
      throw invalidField('days', 'licence_days_too_many', `Grant at most ${licenceDaysMax} days, which are ten years.`);
    }
    return { kind: 'days', days };
  }
  const amount = new Decimal(quantity ?? 0);
  if (amount.isZero()) throw invalidField('quantity', 'licence_quantity_zero', 'Grant more than nothing.');
  if (amount.isNegative()) {
    throw invalidField(
      'quantity',
      'licence_quantity_negative',
      'A quantity is not taken back this way: revoke a licence.',
    );
  }
  if (amount.greaterThan(licenceQuantityMax)) {
    throw invalidField('quantity', 'licence_quantity_too_large', `Grant at most ${licenceQuantityMax.toFixed()}.`);
  }
  if (expiresAt !== undefined && expiresAt <= now) {
    throw invalidField(
      'expiresAt',
      'licence_expired',
      'This time has passed: the licence would be over as it is granted.',
    );
  }
  return {
    kind: 'quantity',
    feature: feature ?? defaultFeature,
    quantity: amount.toFixed(),
    expiresAt: expiresAt ?? null,
  };
}

type Days = Pick<Licence, 'startsAt' | 'expiresAt'>;

/** When further days begin: now, or where the last days that the client has end. */
export const nextStart = (days: readonly Days[], now: Date): Date =>
  days.reduce((start, { expiresAt }) => (expiresAt !== null && expiresAt > start ? expiresAt : start), now);

/**
 * Days move up where one before them is gone: those that have begun stay, the others follow without a gap, in their order. Answers
 * those that move.
 */
export function movedUp<Item extends Days & { readonly days: number | null }>(
  stacked: readonly Item[],
  now: Date,
): readonly Item[] {
  const begun = stacked.filter(({ startsAt }) => startsAt <= now);
  const waiting = stacked.filter(({ startsAt }) => startsAt > now);
  const moved: Item[] = [];
  let start = nextStart(begun, now);
  for (const licence of waiting.sort((a, b) => a.startsAt.getTime() - b.startsAt.getTime())) {
    const expiresAt = daysAfter(start, licence.days ?? 0);
    if (licence.startsAt.getTime() !== start.getTime()) moved.push({ ...licence, startsAt: start, expiresAt });
    start = expiresAt;
  }
  return moved;
}

export const licenceStatusSchema = z.enum(['scheduled', 'active', 'used', 'expired', 'revoked']);

/** A licence as it stands at a moment, with what was used of its quantity (a decimal string). */
export interface LicenceView extends Licence {
  readonly status: z.output<typeof licenceStatusSchema>;
  readonly used: string;
  /** What is left of the quantity; null of days. */
  readonly remaining: string | null;
  /** Days until it expires, a begun one counted; of days that have not begun all of them, null for what does not expire. */
  readonly daysRemaining: number | null;
}

export function licenceAt(licence: Licence, used: string, now: Date): LicenceView {
  const { startsAt, expiresAt, quantity, revokedAt } = licence;
  const left = quantity === null ? null : Decimal.max(0, new Decimal(quantity).minus(used));
  const from = Math.max(now.getTime(), startsAt.getTime());
  const daysRemaining = expiresAt && Math.max(0, Math.ceil((expiresAt.getTime() - from) / dayMs));
  const status = (): LicenceView['status'] => {
    if (revokedAt !== null) return 'revoked';
    if (expiresAt !== null && expiresAt <= now) return 'expired';
    if (left?.isZero()) return 'used';
    return startsAt > now ? 'scheduled' : 'active';
  };
  return {
    ...licence,
    status: status(),
    used,
    remaining: left?.toFixed() ?? null,
    daysRemaining: revokedAt === null ? daysRemaining : 0,
  };
}
