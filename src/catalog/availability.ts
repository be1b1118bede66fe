import type { PlanStatus } from './plan.store.ts';
import type { PlanDocument } from './plan-document.ts';

/** What decides whether a plan can be sold to a client. */
export interface SellablePlan {
  readonly id: string;
  readonly status: PlanStatus;
  readonly visibility: PlanDocument['visibility'];
  /** The one client that a custom plan was made for. */
  readonly customerId: string | null;
  /** The platform's plan, which the client's agency may resell: not on its list, only sold where it is offered by name. */
  readonly resold: boolean;
  /** The client is an agency, as the platform's client, and the plan is among those that it may resell or buy: offered by name. */
  readonly offeredAsAgency: boolean;
}

/** The plans offered to a client by name; null while it has no offers of its own. */
export type OfferedPlans = ReadonlySet<string> | null;

/** Why a plan cannot be had, and what to do about it. */
export const unavailableReasons = {
  plan_not_published: 'It is a draft: publish it first.',
  plan_disabled: 'It is disabled: enable it, or choose another plan.',
  plan_archived: 'It is archived, which is for good: choose another plan.',
  plan_of_another_client: 'It was made for another client: duplicate it for this one.',
  plan_not_offered: 'It is not among the plans offered to this client: offer it by name.',
  plan_hidden: 'It is hidden: offer it to this client by name, or show it.',
} as const;
export type UnavailableReason = keyof typeof unavailableReasons;

export interface Availability {
  /** By the client itself. */
  readonly buyable: boolean;
  /** By the agency to the client. */
  readonly assignable: boolean;
  /** Why the client cannot buy it; empty when it can. */
  readonly reasons: readonly UnavailableReason[];
}

interface Case {
  readonly plan: SellablePlan;
  readonly offers: OfferedPlans;
  readonly customerId: string;
}

/** Offers say what a client finds by itself; what is assigned to it is the agency's to decide. */
interface Obstacle {
  readonly reason: UnavailableReason;
  readonly stops: 'everybody' | 'client';
  applies(to: Case): boolean;
}

const obstacles: readonly Obstacle[] = [
  { reason: 'plan_not_published', stops: 'everybody', applies: ({ plan }) => plan.status === 'draft' },
  { reason: 'plan_disabled', stops: 'everybody', applies: ({ plan }) => plan.status === 'disabled' },
  { reason: 'plan_archived', stops: 'everybody', applies: ({ plan }) => plan.status === 'archived' },
  {
    reason: 'plan_of_another_client',
    stops: 'everybody',
    applies: ({ plan, customerId }) => plan.customerId !== null && plan.customerId !== customerId,
  },
  {
    reason: 'plan_not_offered',
    stops: 'client',
    applies: ({ plan, offers }) => !plan.offeredAsAgency && (offers === null ? plan.resold : !offers.has(plan.id)),
  },
  {
    reason: 'plan_hidden',
    stops: 'client',
    applies: ({ plan, offers }) => !plan.offeredAsAgency && offers === null && plan.visibility === 'hidden',
  },
];

/** Whether a client may buy a plan, and whether its agency may assign it. The one place where that is decided. */
export function availability(
  plan: SellablePlan,
  offers: OfferedPlans,
  customer: { readonly id: string },
): Availability {
  const met = obstacles.filter((obstacle) => obstacle.applies({ plan, offers, customerId: customer.id }));
  return {
    buyable: met.length === 0,
    assignable: met.every(({ stops }) => stops === 'client'),
    reasons: met.map(({ reason }) => reason),
  };
}
