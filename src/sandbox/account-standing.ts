import type Stripe from 'stripe';
import type { Call } from './call.ts';

type Requirements = Stripe.Account.Requirements;
export type CapabilityName = 'card_payments' | 'transfers';
const capabilityNames: readonly CapabilityName[] = ['card_payments', 'transfers'];

/** How far an account has come with its provider, and what it may do. */
export interface Standing {
  readonly able: boolean;
  readonly detailsSubmitted: boolean;
  readonly requirements: Requirements;
}

const nothingDue: Requirements = {
  alternatives: [],
  current_deadline: null,
  currently_due: [],
  disabled_reason: null,
  errors: [],
  eventually_due: [],
  past_due: [],
  pending_verification: [],
};

/** Stripe counts what a disabled account lacks as past due, from its first day on. */
const lacking = (fields: readonly string[]): Requirements => ({
  ...nothingDue,
  currently_due: [...fields],
  disabled_reason: 'requirements.past_due',
  eventually_due: [...fields],
  past_due: [...fields],
});

export const able: Standing = { able: true, detailsSubmitted: true, requirements: nothingDue };

const askedLast = ['external_account', 'tos_acceptance.date', 'tos_acceptance.ip'];

export const notOnboarded: Standing = {
  able: false,
  detailsSubmitted: false,
  requirements: lacking([
    'business_profile.mcc',
    'business_profile.url',
    'business_type',
    'representative.first_name',
    'representative.last_name',
    ...askedLast,
  ]),
};

export const disabledReasons = [
  'requirements.past_due',
  'requirements.pending_verification',
  'rejected.fraud',
  'rejected.terms_of_service',
  'rejected.other',
  'under_review',
  'platform_paused',
] as const satisfies readonly Requirements['disabled_reason'][];

export interface Restriction {
  /** What the provider asks for, in its own field names. */
  readonly currentlyDue: readonly string[];
  /** Unix seconds. */
  readonly deadline: number | null;
  readonly reason: (typeof disabledReasons)[number];
}

/** Every detail given, and charges and payouts off until the provider has what it asks for. */
export const restricted = ({ currentlyDue, deadline, reason }: Restriction): Standing => ({
  able: false,
  detailsSubmitted: true,
  requirements: {
    ...lacking(currentlyDue),
    current_deadline: deadline,
    disabled_reason: reason,
    errors: currentlyDue
      .filter((field) => field.endsWith('.document'))
      .map((requirement) => ({
        code: 'verification_document_failed_other',
        reason: 'The document could not be verified. Upload another one.',
        requirement,
      })),
  },
});

const secondsPerDay = 86_400;
const refusalDeadlineDays = 14;

/** How a visit to the onboarding page can end. */
export const onboardingOutcomes = ['complete', 'unfinished', 'refuse'] as const;
export type OnboardingOutcome = (typeof onboardingOutcomes)[number];

const standings = {
  complete: () => able,
  unfinished: () => ({ ...notOnboarded, requirements: lacking(askedLast) }),
  refuse: (call: Call) =>
    restricted({
      currentlyDue: ['company.verification.document', 'representative.verification.document'],
      deadline: call.nowSeconds + refusalDeadlineDays * secondsPerDay,
      reason: 'requirements.past_due',
    }),
} satisfies Record<OnboardingOutcome, (call: Call) => Standing>;

/** The account as it stands; a capability that was never asked for stays away. */
export function withStanding(account: Stripe.Account, standing: Standing): Stripe.Account {
  const capabilities = capabilitiesOf(account);
  return {
    ...account,
    capabilities: Object.fromEntries(capabilities.map((name) => [name, standing.able ? 'active' : 'inactive'])),
    charges_enabled: standing.able && capabilities.includes('card_payments'),
    details_submitted: standing.detailsSubmitted,
    payouts_enabled: standing.able,
    requirements: standing.requirements,
  };
}

/** The capabilities that the account has or asks for. */
export const capabilitiesOf = (account: Stripe.Account): CapabilityName[] =>
  capabilityNames.filter((name) => account.capabilities?.[name] !== undefined);

const capabilityReasonOf = (account: Stripe.Account): Stripe.Capability.Requirements.DisabledReason | null => {
  const reason = account.requirements?.disabled_reason;
  if (!reason) return null;
  if (!account.details_submitted) return 'pending.onboarding';
  return reason.startsWith('rejected.') ? 'rejected.other' : 'requirements.fields_needed';
};

/** Capabilities are not kept by themselves: they follow from their account. */
export const capabilityOf = (account: Stripe.Account, name: CapabilityName): Stripe.Capability => {
  const due = account.requirements ?? nothingDue;
  return {
    id: name,
    object: 'capability',
    account: account.id,
    requested: true,
    requested_at: account.created ?? null,
    requirements: {
      alternatives: [],
      current_deadline: due.current_deadline,
      currently_due: due.currently_due ?? [],
      disabled_reason: capabilityReasonOf(account),
      errors: due.errors ?? [],
      eventually_due: due.eventually_due ?? [],
      past_due: due.past_due ?? [],
      pending_verification: due.pending_verification ?? [],
    },
    status: account.capabilities?.[name] ?? 'unrequested',
  };
};

/** Changes how `call`'s account stands and tells it, the account first. */
export async function changeStanding(call: Call, standing: Standing): Promise<Stripe.Account> {
  const account = withStanding(await call.store.lock('account', call.account.id, 'account'), standing);
  call.store.save('account', account);
  call.emit('account.updated', account, account.id);
  for (const name of capabilitiesOf(account)) {
    call.emit('capability.updated', capabilityOf(account, name), account.id);
  }
  return account;
}

/** A visit to the onboarding page ends. Leaving it early takes nothing back from who had given every detail before. */
export async function onboard(call: Call, outcome: OnboardingOutcome): Promise<Stripe.Account> {
  if (outcome === 'unfinished' && call.account.details_submitted) return call.account;
  return changeStanding(call, standings[outcome](call));
}
