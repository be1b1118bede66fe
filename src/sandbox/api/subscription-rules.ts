import type Stripe from 'stripe';
import { z } from 'zod';
import { customerOf } from '../attachments.ts';
import type { Call } from '../call.ts';
import { invalidRequest } from '../failure.ts';
import type { Rules } from '../parameters.ts';

export const percent = z
  .string()
  .regex(/^\d{1,3}(\.\d{1,2})?$/, 'must have at most two decimal places')
  .transform(Number)
  .refine((value) => value <= 100, 'must be between 0 and 100');

export const billingMode = z.strictObject({
  flexible: z.strictObject({ proration_discounts: z.enum(['included', 'itemized']).optional() }).optional(),
  type: z.literal('flexible'),
} satisfies Rules<Stripe.SubscriptionCreateParams.BillingMode>);

export const trialSettings = z.strictObject({
  end_behavior: z.strictObject({
    missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']).optional(),
  } satisfies Rules<Stripe.SubscriptionCreateParams.TrialSettings.EndBehavior>),
});

/** Throws 400 for a method that is not this customer's. */
export async function requireMethodOf(
  call: Call,
  customer: string,
  methodId: string | undefined,
): Promise<Stripe.PaymentMethod | undefined> {
  if (methodId === undefined) return undefined;
  const method = await call.store.find('payment_method', methodId);
  if (method && customerOf(method) === customer) return method;
  throw invalidRequest(
    `The customer does not have a payment method with the ID ${methodId}. The payment method must be attached to the customer.`,
    { code: 'resource_missing', param: 'default_payment_method' },
  );
}

export function requireFeePercent(call: Call, value: number | null | undefined, param: string): void {
  if (value && call.onPlatform) {
    throw invalidRequest('Can only apply an application_fee_percent on a connected account.', { param });
  }
}
