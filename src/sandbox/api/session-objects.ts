import type Stripe from 'stripe';
import type { Call } from '../call.ts';
import { newSessionId } from '../identifiers.ts';
import { mergeMetadata } from '../parameters.ts';
import { bankDebitType } from '../typed-cards.ts';

/** What a session shows of the request that made it. */
export interface SessionRequest {
  readonly adaptive_pricing?: { readonly enabled?: boolean | undefined } | undefined;
  readonly allowed_payment_method_types?: string[] | undefined;
  readonly billing_address_collection?: 'auto' | 'required' | undefined;
  readonly cancel_url?: string | undefined;
  readonly client_reference_id?: string | undefined;
  readonly customer_creation?: 'always' | 'if_required' | undefined;
  readonly customer_email?: string | undefined;
  readonly locale?: string | undefined;
  readonly metadata?: Record<string, string> | undefined;
  readonly mode: 'payment' | 'setup' | 'subscription';
  readonly payment_method_collection?: 'always' | 'if_required' | undefined;
  readonly submit_type?: Stripe.Checkout.Session['submit_type'] | undefined;
  readonly success_url: string;
}

export interface SessionSetting {
  readonly customer: Stripe.Customer | undefined;
  readonly currency: string | null;
  /** Minor units; null where nothing is paid. */
  readonly total: number | null;
  /** Before tax that is laid on top; the total unless given. */
  readonly subtotal?: number;
  readonly expiresAt: number;
}

/** An open session that no payment or setup belongs to yet. */
export function buildSession(call: Call, params: SessionRequest, setting: SessionSetting): Stripe.Checkout.Session {
  const id = newSessionId();
  const email = setting.customer?.email ?? params.customer_email ?? null;
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: params.adaptive_pricing?.enabled ?? false },
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    amount_subtotal: setting.subtotal ?? setting.total,
    amount_total: setting.total,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: params.billing_address_collection ?? null,
    cancel_url: params.cancel_url ?? null,
    client_reference_id: params.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: call.nowSeconds,
    currency: setting.currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: setting.customer?.id ?? null,
    customer_account: null,
    customer_creation: setting.customer ? null : (params.customer_creation ?? 'if_required'),
    customer_details: email
      ? {
          address: null,
          business_name: null,
          email,
          individual_name: null,
          name: null,
          phone: null,
          tax_exempt: 'none',
          tax_ids: null,
        }
      : null,
    customer_email: params.customer_email ?? null,
    discounts: [],
    expires_at: setting.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: params.locale ?? null,
    managed_payments: null,
    metadata: mergeMetadata({}, params.metadata),
    mode: params.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: params.payment_method_collection ?? 'if_required',
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types:
      params.allowed_payment_method_types ?? (params.mode === 'payment' ? ['card', bankDebitType] : ['card']),
    payment_status: setting.total ? 'unpaid' : 'no_payment_required',
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: params.submit_type ?? null,
    subscription: null,
    success_url: params.success_url,
    total_details:
      setting.total === null
        ? null
        : { amount_discount: 0, amount_shipping: 0, amount_tax: setting.total - (setting.subtotal ?? setting.total) },
    ui_mode: 'hosted_page',
    url: `${call.baseUrl}/pay/${id}`,
    wallet_options: null,
  };
}
