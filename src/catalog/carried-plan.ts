import type { ProviderName } from '../providers/port.ts';
import { type Lack, providerTraits } from '../providers/provider-traits.ts';
import { chargingPrice } from './account-price.ts';
import type { PlanDocument } from './plan-document.ts';

/** A plan as a provider can carry it, and what its clients get there instead of what is left out, as sentences for people. */
export interface CarriedPlan<Plan extends PlanDocument = PlanDocument> {
  readonly plan: Plan;
  readonly notices: readonly string[];
}

interface Substitution {
  /** Whether the plan asks for it. */
  readonly concerns: (plan: PlanDocument) => boolean;
  readonly without: <Plan extends PlanDocument>(plan: Plan) => Plan;
  /** `provider` as people write it. */
  readonly notice: (plan: PlanDocument, provider: string) => string;
}

const isInvoiced = (plan: PlanDocument, line: PlanDocument['usage'][number]): boolean =>
  line.collect === 'invoice' && chargingPrice(plan, line) !== null;

const listed = (names: readonly string[]): string => names.join(', ');

const isSold = ({ cycles }: PlanDocument): boolean => Object.values(cycles).some((price) => price !== undefined);

const unchanged = <Plan extends PlanDocument>(plan: Plan): Plan => plan;

/** What takes the place of what is not there. */
const substitutions = {
  tax_rates: {
    concerns: ({ tax }) => tax !== null,
    without: (plan) => ({ ...plan, tax: null }),
    notice: ({ tax }, provider) =>
      `${provider} is the merchant of record and decides itself on taxes: ${tax?.name ?? 'the tax'} is left out there.`,
  },
  meters: {
    concerns: (plan) => plan.usage.some((line) => isInvoiced(plan, line)),
    without: (plan) => ({ ...plan, usage: plan.usage.map((line) => ({ ...line, collect: 'balance' as const })) }),
    notice: (plan, provider) =>
      `${provider} counts no usage: overage of ${listed(plan.usage.filter((line) => isInvoiced(plan, line)).map(({ feature }) => feature))} is drawn from the balance there.`,
  },
  quantities: {
    concerns: (plan) => isSold(plan) && plan.recurring.some(({ unitPrice }) => unitPrice !== undefined),
    without: (plan) => ({
      ...plan,
      recurring: plan.recurring.map(({ feature, included }) => ({ feature, included })),
    }),
    notice: ({ recurring }, provider) =>
      `A ${provider} subscription has one price: more of ${listed(recurring.filter(({ unitPrice }) => unitPrice !== undefined).map(({ feature }) => feature))} than the plan includes cannot be had there.`,
  },
  trials: {
    concerns: (plan) => isSold(plan) && plan.trialDays > 0,
    without: (plan) => ({ ...plan, trialDays: 0 }),
    notice: (_plan, provider) =>
      `${provider} cannot refuse a trial to whoever had one: the first period is paid there.`,
  },
  cards: {
    concerns: () => true,
    without: unchanged,
    notice: (_plan, provider) =>
      `No card is kept at ${provider}: clients top up on its page there, and nothing is refilled by itself.`,
  },
  scheduled_changes: {
    concerns: isSold,
    without: unchanged,
    notice: (_plan, provider) =>
      `${provider} schedules no changes: another plan or cycle is a cancellation at the period’s end and a new checkout there.`,
  },
} as const satisfies Record<Lack, Substitution>;

/** Answers the plan itself where the provider lacks nothing that it asks for. */
export function carriedPlan<Plan extends PlanDocument>(plan: Plan, provider: ProviderName): CarriedPlan<Plan> {
  const { title, lacks } = providerTraits[provider];
  const concerned: readonly Substitution[] = lacks
    .map((lack) => substitutions[lack])
    .filter(({ concerns }) => concerns(plan));
  return {
    plan: concerned.reduce<Plan>((carried, { without }) => without(carried), plan),
    notices: concerned.map(({ notice }) => notice(plan, title)),
  };
}
