import type { ProviderName } from './port.ts';

/** What a provider may lack of what a plan can ask for. */
export type AbsentCapability =
  /** It adds a tax of its own, or none, and none of ours. */
  | 'tax_rates'
  /** It counts no usage, and so invoices none. */
  | 'meters'
  /** A subscription has one price, once: nothing can be had in addition, or several times. */
  | 'quantities'
  /** It sets no money aside on a card. */
  | 'holds'
  /** It changes no subscription at its next cycle. */
  | 'scheduled_changes';

/** One line for each provider. The contract suite holds it to what the adapters have. */
export const absentCapabilities = {
  stripe: [],
  whop: ['tax_rates', 'meters', 'quantities', 'holds', 'scheduled_changes'],
} as const satisfies Record<ProviderName, readonly AbsentCapability[]>;
