import type Whop from '@whop/sdk';
import { Decimal } from 'decimal.js';
import { z } from 'zod';
import { findTestCard } from '../cards.ts';
import { buildPayment, currencyOf, declineOf, metadataOf } from './build-payment.ts';
import type { WhopCall } from './call.ts';
import { badRequest } from './failure.ts';
import { newWhopId } from './ids.ts';

const dayMs = 86_400_000;

/** Tries after the first one that failed, a day apart; then the membership is over. Invented: Whop's own are not documented. */
const retriesMax = 3;

/** What the sandbox charges a membership by. Whop shows no such object. */
export interface MembershipBilling {
  /** The membership's. */
  readonly id: string;
  readonly card: string;
  /** ISO 8601. */
  readonly next_at: string;
  readonly tries: number;
  /** The payment of the period, while it is not paid. */
  readonly payment: string | null;
}

const after = (start: Date, days: number): string => new Date(start.getTime() + days * dayMs).toISOString();

const productReference = z.object({ id: z.string(), title: z.string() });

/** A membership that begins now, on a plan that is paid again. */
export async function beginMembership(
  call: WhopCall,
  configuration: Whop.CheckoutConfigurationRetrieveResponse,
  plan: Whop.Plan,
  card: string,
): Promise<Whop.Membership> {
  const { account_id: account } = configuration;
  const period = plan.billing_period;
  if (period === null) throw badRequest(`${plan.id} is not paid again`);
  const membership: Whop.Membership = {
    id: newWhopId('mem'),
    cancel_at_period_end: false,
    cancel_option: null,
    canceled_at: null,
    cancellation_reason: null,
    checkout_configuration_id: configuration.id,
    company: { id: account, title: account },
    created_at: call.isoNow,
    currency: currencyOf(plan.currency),
    custom_field_responses: [],
    joined_at: call.isoNow,
    license_key: null,
    manage_url: null,
    member: null,
    metadata: metadataOf(configuration.metadata),
    payment_collection_paused: false,
    plan: { id: plan.id, metadata: metadataOf(plan.metadata) },
    product: { ...productReference.parse(plan.product), metadata: null },
    promo_code: null,
    renewal_period_end: after(call.now, period),
    renewal_period_start: call.isoNow,
    status: 'active',
    updated_at: call.isoNow,
    user: { id: 'user_sandbox', email: null, name: null, username: 'sandbox' },
  };
  await call.save('membership', account, membership);
  await call.save('membership_billing', account, {
    id: membership.id,
    card,
    next_at: after(call.now, period),
    tries: 0,
    payment: null,
  });
  return membership;
}

const isOver = ({ status }: Whop.Membership): boolean => ['canceled', 'expired', 'completed'].includes(status);

const change = async (
  call: WhopCall,
  membership: Whop.Membership,
  to: Partial<Whop.Membership>,
): Promise<Whop.Membership> => {
  const changed = { ...membership, ...to, updated_at: call.isoNow };
  await call.save('membership', membership.company.id, changed);
  return changed;
};

async function end(
  call: WhopCall,
  membership: Whop.Membership,
  status: 'canceled' | 'expired',
): Promise<Whop.Membership> {
  const ended = await change(call, membership, { status });
  await call.remove('membership_billing', membership.id);
  await call.emit('membership.deactivated', membership.company.id, ended);
  return ended;
}

/** Throws 404, and 400 for one that is over. */
export async function cancelMembership(
  call: WhopCall,
  id: string,
  mode: 'at_period_end' | 'immediate',
): Promise<Whop.Membership> {
  const membership = await call.get('membership', id);
  if (isOver(membership)) throw badRequest('the membership is over');
  if (mode === 'immediate') return end(call, { ...membership, canceled_at: call.isoNow }, 'canceled');
  const to = { cancel_at_period_end: true, canceled_at: call.isoNow, status: 'canceling' } as const;
  const canceling = await change(call, membership, to);
  await call.emit('membership.cancel_at_period_end_changed', membership.company.id, canceling);
  return canceling;
}

/** Throws as `cancelMembership`. */
export async function uncancelMembership(call: WhopCall, id: string): Promise<Whop.Membership> {
  const membership = await call.get('membership', id);
  if (isOver(membership)) throw badRequest('the membership is over');
  const to = { cancel_at_period_end: false, canceled_at: null, status: 'active' } as const;
  const going = await change(call, membership, to);
  await call.emit('membership.cancel_at_period_end_changed', membership.company.id, going);
  return going;
}

/** What is due of a membership: its end, its renewal, or another try to be paid. */
export async function renew(call: WhopCall, billing: MembershipBilling): Promise<void> {
  const membership = await call.find('membership', billing.id);
  const plan = membership && (await call.find('plan', membership.plan.id));
  const card = findTestCard(billing.card);
  if (!membership || !plan || 'problem' in card) throw new Error(`membership ${billing.id} cannot be charged`);
  if (membership.cancel_at_period_end) {
    await end(call, membership, 'canceled');
    return;
  }
  const account = membership.company.id;
  const failure = declineOf(card.card.onceSaved ?? card.card.outcome);
  const payment = await charge(call, { membership, plan, billing, card: card.card, failure });
  await call.save('payment', account, payment);
  await call.emit(failure === null ? 'payment.succeeded' : 'payment.failed', account, payment);
  if (failure !== null) {
    const tries = billing.tries + 1;
    if (tries > retriesMax) {
      await end(call, membership, 'expired');
      return;
    }
    if (membership.status !== 'past_due') await change(call, membership, { status: 'past_due' });
    const next = { ...billing, tries, payment: payment.id, next_at: after(call.now, 1) };
    await call.save('membership_billing', account, next);
    return;
  }
  const start = membership.renewal_period_end ?? call.isoNow;
  const periodEnd = after(new Date(start), plan.billing_period ?? 0);
  await change(call, membership, { status: 'active', renewal_period_start: start, renewal_period_end: periodEnd });
  await call.save('membership_billing', account, { ...billing, tries: 0, payment: null, next_at: periodEnd });
}

interface Renewal {
  readonly membership: Whop.Membership;
  readonly plan: Whop.Plan;
  readonly billing: MembershipBilling;
  readonly card: Parameters<typeof buildPayment>[1]['card'];
  readonly failure: string | null;
}

/** A payment that failed is tried again under its id. */
async function charge(call: WhopCall, { membership, plan, billing, card, failure }: Renewal): Promise<Whop.Payment> {
  const made = buildPayment(call, {
    account: membership.company.id,
    plan,
    price: new Decimal(plan.renewal_price),
    tax: '0',
    fee: 0,
    card,
    failure,
    billingReason: 'subscription_cycle',
    // Whether Whop repeats the checkout's metadata here is not known: whoever relies on it should fail.
    metadata: null,
    configurationId: null,
    membership,
  });
  const before = billing.payment === null ? undefined : await call.find('payment', billing.payment);
  if (!before) return made;
  const { id, created_at } = before;
  return { ...made, id, created_at, payments_failed: (before.payments_failed ?? 0) + (failure === null ? 0 : 1) };
}
