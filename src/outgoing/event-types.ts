import { z } from 'zod';

const money = z.strictObject({ amount: z.string(), currency: z.string() });
const time = z.iso.datetime();

const subscription = z.strictObject({
  subscriptionId: z.string(),
  customerId: z.string(),
  planId: z.string(),
  planVersion: z.int(),
  status: z.enum(['trialing', 'active', 'past_due', 'paused', 'canceled', 'expired']),
  startedAt: time,
  endedAt: time.nullable(),
});

const merchantAccount = z.strictObject({
  merchantAccountId: z.string(),
  provider: z.string(),
  providerAccountId: z.string(),
  status: z.enum(['onboarding', 'restricted', 'active', 'disconnected']),
  /** What the provider still asks for, in its words. */
  currentlyDue: z.array(z.string()),
  deadline: time.nullable(),
  effectiveCurrency: z.string(),
});

const trial = z.strictObject({
  trialId: z.string(),
  customerId: z.string(),
  endsAt: time,
  /** What becomes of the service then. */
  end: z.enum(['pause', 'continue']),
});

const service = z.strictObject({ customerId: z.string(), reason: z.string() });

/** Every event that agencies' own systems may hear, and what it carries. A room that tells of something new adds its line here. */
export const eventTypes = {
  'balance.low': z.strictObject({ customerId: z.string(), balance: money, threshold: money }),
  'service.paused': service,
  'service.resumed': service,
  'payment.paid': z.strictObject({
    orderId: z.string(),
    customerId: z.string(),
    paymentId: z.string(),
    credited: money,
    charged: money,
    /** What was bought where nothing was credited; null of a top-up. */
    packId: z.string().nullable(),
    paidAt: time,
  }),
  'payment.failed': z.strictObject({
    orderId: z.string(),
    customerId: z.string(),
    paymentId: z.string().nullable(),
    charged: money,
    /** True where nothing more will come of the order by itself. */
    final: z.boolean(),
    code: z.string().nullable(),
    declineCode: z.string().nullable(),
    failedAt: time,
  }),
  'card.declined': z.strictObject({
    customerId: z.string(),
    amount: money,
    kind: z.enum(['authentication', 'hard', 'soft']),
    cause: z.string(),
    nextAttemptAt: time.nullable(),
  }),
  'subscription.created': subscription,
  'subscription.activated': subscription,
  'subscription.updated': subscription,
  'subscription.past_due': subscription,
  'subscription.paused': subscription,
  'subscription.resumed': subscription,
  'subscription.canceled': subscription,
  'subscription.expired': subscription,
  'subscription.trial_will_end': subscription,
  'trial.will_end': trial,
  'trial.ended': trial,
  'merchant_account.connected': merchantAccount,
  'merchant_account.restricted': merchantAccount,
  'merchant_account.disconnected': merchantAccount,
  'merchant_account.updated': merchantAccount,
} as const satisfies Record<string, z.ZodType>;

export type EventType = keyof typeof eventTypes;

export const eventTypeNames: readonly EventType[] = Object.keys(eventTypes).filter(isEventType);

export function isEventType(name: string): name is EventType {
  return Object.hasOwn(eventTypes, name);
}

/** What happened, for one agency. `fact` names it: told once to each endpoint, however often it is emitted. */
export type OutgoingEvent = {
  [Type in EventType]: {
    readonly type: Type;
    readonly agencyId: string;
    readonly fact: string;
    readonly data: z.input<(typeof eventTypes)[Type]>;
  };
}[EventType];
