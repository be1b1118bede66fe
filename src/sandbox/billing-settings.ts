import { z } from 'zod';
import type { Call } from './call.ts';

/** What becomes of a subscription whose renewal was tried for the last time: at Stripe, an account's setting. */
export const billingSettingsSchema = z.strictObject({ afterRetries: z.enum(['cancel', 'unpaid', 'past_due']) });

export type BillingSettings = z.output<typeof billingSettingsSchema>;

export const billingSettingsName = 'billing_settings';

export const readBillingSettings = (stored: string | undefined): BillingSettings =>
  stored === undefined ? { afterRetries: 'cancel' } : billingSettingsSchema.parse(JSON.parse(stored));

export async function billingSettings(call: Call): Promise<BillingSettings> {
  const { rows } = await call.store.client.query<{ value: string }>('SELECT value FROM sandbox_state WHERE name = $1', [
    billingSettingsName,
  ]);
  return readBillingSettings(rows[0]?.value);
}
