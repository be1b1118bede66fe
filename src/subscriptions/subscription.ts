import { z } from 'zod';
import { billingCycles } from '../catalog/account-price.ts';
import type { PlanKey } from '../catalog/plan.store.ts';
import type { VersionDocument } from '../catalog/plan-document.ts';

/** From the first day to the last. What is paused or not paid is still the client's: it has no other beside it. */
export const liveStatuses = ['trialing', 'active', 'past_due', 'paused'] as const;
export const overStatuses = ['canceled', 'expired'] as const;

export const subscriptionStatusSchema = z.enum([...liveStatuses, ...overStatuses]);
export type SubscriptionStatus = z.output<typeof subscriptionStatusSchema>;

export const cycleSchema = z.enum(billingCycles);

/** Who collects: nobody, for nothing is paid ahead; the provider, from a card; or the agency itself. */
export const collectionSchema = z.enum(['none', 'card', 'offline']);
export type Collection = z.output<typeof collectionSchema>;

/** Why service is paused though the subscription lives. */
export const pauseReasonSchema = z.enum(['trial_ended', 'unpaid', 'provider']);
export type PauseReason = z.output<typeof pauseReasonSchema>;

/** Feature -> how many beyond the included ones. */
export const addOnsSchema = z.record(z.string().min(1).max(60), z.int().min(0).max(100_000));
export type AddOns = z.output<typeof addOnsSchema>;

/** A client on a version of a plan, which later versions do not touch. */
export interface Subscription {
  readonly id: string;
  /** The client's agency. */
  readonly agencyId: string;
  readonly customerId: string;
  /** Whose plan it is: the client's agency's or, for one that is resold, the platform's. */
  readonly plan: PlanKey;
  readonly planVersion: number;
  readonly status: SubscriptionStatus;
  readonly collection: Collection;
  /** Null where nothing is paid by the cycle. */
  readonly cycle: z.output<typeof cycleSchema> | null;
  readonly addOns: AddOns;
  /** Where it is paid, for as long as it lives; null where nothing is paid ahead. */
  readonly merchantAccountId: string | null;
  readonly providerSubscriptionId: string | null;
  readonly providerCustomerId: string | null;
  readonly providerScheduleId: string | null;
  /** The day of the month on which periods and quotas begin; null until service begins. */
  readonly anchorAt: Date | null;
  /** The period of the cycle that was paid for, or is being. */
  readonly periodStart: Date | null;
  readonly periodEnd: Date | null;
  readonly trialEndsAt: Date | null;
  /** It ends then, by the client's or the agency's own word. */
  readonly cancelAt: Date | null;
  /** Whether it is to end with its period, as long as its provider does not say the same; null where nothing waits to be told. */
  readonly endWanted: boolean | null;
  readonly pastDueSince: Date | null;
  readonly pauseReason: PauseReason | null;
  /** When the provider's own was last read. */
  readonly readAt: Date | null;
  /** When the next quota period opens. */
  readonly quotaDueAt: Date | null;
  readonly startedAt: Date;
  /** Null while it is live. */
  readonly endedAt: Date | null;
  readonly document: VersionDocument;
}

/** What a subscription has that nobody has said otherwise of. */
export const newSubscription = {
  collection: 'none',
  cycle: null,
  addOns: {},
  merchantAccountId: null,
  providerSubscriptionId: null,
  providerCustomerId: null,
  providerScheduleId: null,
  anchorAt: null,
  periodStart: null,
  periodEnd: null,
  trialEndsAt: null,
  cancelAt: null,
  endWanted: null,
  pastDueSince: null,
  pauseReason: null,
  readAt: null,
  quotaDueAt: null,
  endedAt: null,
} as const satisfies Partial<Subscription>;

export const isOver = ({ endedAt }: Pick<Subscription, 'endedAt'>): boolean => endedAt !== null;
