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
  /** Null where nothing is paid by the cycle. */
  readonly cycle: z.output<typeof cycleSchema> | null;
  /** Where it is paid, for as long as it lives; null where no provider invoices. */
  readonly merchantAccountId: string | null;
  readonly startedAt: Date;
  /** Null while it is live. */
  readonly endedAt: Date | null;
  readonly document: VersionDocument;
}

export const isOver = ({ endedAt }: Pick<Subscription, 'endedAt'>): boolean => endedAt !== null;
