import type { ProviderName } from './port.ts';

/** What a provider may lack of what a plan can ask for. */
export type Lack =
  /** It adds a tax of its own, or none, and none of ours. */
  | 'tax_rates'
  /** It counts no usage, and so invoices none. */
  | 'meters'
  /** A subscription has one price, once: nothing can be had in addition, or several times. */
  | 'quantities'
  /** A trial is the same for everybody who buys a price: none can be refused to whoever had one. */
  | 'trials'
  /** No card is kept for later charges. */
  | 'cards'
  /** It changes no subscription at its next cycle. */
  | 'scheduled_changes';

export interface ProviderTraits {
  /** As people write it. */
  readonly title: string;
  readonly lacks: readonly Lack[];
  /** Whether a part of each renewal can be taken for the platform on an account of another. */
  readonly sharesRenewals: boolean;
}

/** One line for each provider. The contract suite holds it to what the adapters have. */
export const providerTraits: Readonly<Record<ProviderName, ProviderTraits>> = {
  stripe: { title: 'Stripe', lacks: [], sharesRenewals: true },
  whop: {
    title: 'Whop',
    lacks: ['tax_rates', 'meters', 'quantities', 'trials', 'cards', 'scheduled_changes'],
    sharesRenewals: false,
  },
};
