import { z } from 'zod';

/**
 * The classes of difference, each with its rule. `repaired` by the run that finds it, or `raised` for a person, and looked at again by every run
 * until it is gone.
 *
 * - `missed_event`: the provider has an event that never came. Put into the inbox, and applied from there.
 * - `missing_credit`: a payment arrived for an order of ours, and was not credited. Credited.
 * - `missing_reversal`: a refund, a dispute or a late failure moved money, and our books do not say so. Booked.
 * - `unread_arrival`: a payment was credited, and what it brought to the balance was not read. Read.
 * - `stuck_checkout`: an order is open past its end. Settled or expired by what its session says; raised where that is open still.
 * - `unknown_payment`: money arrived that names us and fits no order. Raised, never credited by itself.
 * - `amount_differs`: the provider's line and ours differ. Raised.
 * - `open_hold`: money is set aside on a card for longer than a day. Raised.
 * - `unknown_outcome`: a call about money was made more than a day ago, and nobody knows what came of it. Raised.
 */
export const findingClasses = [
  'missed_event',
  'missing_credit',
  'missing_reversal',
  'unread_arrival',
  'stuck_checkout',
  'unknown_payment',
  'amount_differs',
  'open_hold',
  'unknown_outcome',
] as const;
export type FindingClass = (typeof findingClasses)[number];

export interface Finding {
  readonly merchantAccountId: string;
  readonly class: FindingClass;
  /** Names it at the provider, or here. */
  readonly subject: string;
  readonly status: 'repaired' | 'raised';
  readonly detail: Readonly<Record<string, string>>;
}

/** What stands between the provider's total and ours, by its reason. */
export const explanationSchema = z.enum(['foreign', 'application_fees', 'payouts', 'provider', 'raised', 'under_way']);
export type Explanation = z.output<typeof explanationSchema>;

/**
 * An account's lines of the run, in one settlement currency: a report each where it settles in several. `basis`: `balance` where the provider shows
 * its own entries; `payments` where it does not, and each payment less what went back of it is compared instead, in the charge currency: its fees,
 * payouts and entries are not known.
 */
export const reportSchema = z.object({
  merchantAccountId: z.string(),
  basis: z.enum(['balance', 'payments']).default('balance'),
  since: z.iso.datetime(),
  /** Why the account could not be compared now; the next run tries it again. */
  error: z.string().nullable().default(null),
  events: z.int(),
  entries: z.int(),
  currency: z.string().nullable(),
  /** The sum of the provider's lines. */
  provider: z.string(),
  /** The sum of ours. */
  books: z.string(),
  difference: z.string(),
  explainedBy: z.partialRecord(explanationSchema, z.string()),
  /** What of the difference nothing explains: zero, or a fault. */
  unexplained: z.string(),
});
export type AccountReport = z.output<typeof reportSchema>;
