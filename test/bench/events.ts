import Stripe from 'stripe';
import { metadataKeys } from '../../src/providers/metadata.ts';
import type { EventSeries } from './protocol.ts';

export interface SignedEvent {
  readonly body: string;
  readonly signature: string;
}

const digits = (index: number): string => String(index).padStart(16, '0');

/** `payment_intent.succeeded` as Stripe sends it: the whole object, indented. Baseline and service get the same bytes. */
export function signedEvents(series: EventSeries): SignedEvent[] {
  const created = Math.floor(Date.now() / 1000);
  return Array.from({ length: series.count }, (_, index) => {
    const body = JSON.stringify(paymentSucceeded(series, index, created), null, 2);
    return {
      body,
      signature: Stripe.webhooks.generateTestHeaderString({ payload: body, secret: series.secret, timestamp: created }),
    };
  });
}

function paymentSucceeded(series: EventSeries, index: number, created: number): object {
  const suffix = `${series.name}${digits(index)}`;
  return {
    id: `evt_${suffix}`,
    object: 'event',
    api_version: Stripe.API_VERSION,
    created,
    data: {
      object: {
        id: `pi_${suffix}`,
        object: 'payment_intent',
        amount: series.amount,
        amount_capturable: 0,
        amount_details: { tip: {} },
        amount_received: series.amount,
        application: null,
        application_fee_amount: null,
        automatic_payment_methods: { allow_redirects: 'always', enabled: true },
        canceled_at: null,
        cancellation_reason: null,
        capture_method: 'automatic_async',
        client_secret: `pi_${suffix}_secret_${digits(index)}`,
        confirmation_method: 'automatic',
        created,
        currency: series.currency,
        customer: `cus_${digits(index % 10_000)}`,
        description: null,
        last_payment_error: null,
        latest_charge: `ch_${suffix}`,
        livemode: false,
        metadata: {
          [metadataKeys.order]: `${series.orderPrefix}${index}`,
          [metadataKeys.agency]: series.agencyId,
          [metadataKeys.customer]: `cus_${index % 10_000}`,
        },
        next_action: null,
        on_behalf_of: null,
        payment_method: `pm_${suffix}`,
        payment_method_configuration_details: null,
        payment_method_options: {
          card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
        },
        payment_method_types: ['card'],
        processing: null,
        receipt_email: null,
        review: null,
        setup_future_usage: null,
        shipping: null,
        source: null,
        statement_descriptor: null,
        statement_descriptor_suffix: null,
        status: 'succeeded',
        transfer_data: null,
        transfer_group: null,
      },
    },
    livemode: false,
    pending_webhooks: 1,
    request: { id: `req_${suffix}`, idempotency_key: `checkout:${series.orderPrefix}${index}:1` },
    type: 'payment_intent.succeeded',
  };
}
