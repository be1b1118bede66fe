import type Whop from '@whop/sdk';
import { isCurrencyCode } from '../../money/currency.ts';
import type { PaymentsPort, ProviderPayment } from '../port.ts';
import { fromWhopAmount } from './amounts.ts';
import { ownMetadata } from './metadata.ts';
import { sharesOf } from './shares.ts';
import { pageSize, type WhopCalls } from './whop-calls.ts';

const statuses = {
  draft: 'requires_payment_method',
  open: 'requires_payment_method',
  paid: 'succeeded',
  pending: 'processing',
  uncollectible: 'canceled',
  void: 'canceled',
  unresolved: 'other',
} as const satisfies Record<Whop.ReceiptStatus, ProviderPayment['status']>;

const isKnown = (status: string): status is Whop.ReceiptStatus => Object.hasOwn(statuses, status);

/** A word that Whop has come to use since is none that says a payment was paid. */
const statusOf = (status: string | null): ProviderPayment['status'] =>
  status !== null && isKnown(status) ? statuses[status] : 'other';

type Told = Pick<
  Whop.Payment,
  | 'id'
  | 'status'
  | 'currency'
  | 'subtotal'
  | 'total'
  | 'tax_amount'
  | 'tax_behavior'
  | 'metadata'
  | 'failure_message'
  | 'membership'
  | 'refunded_amount'
  | 'substatus'
>;

/** Words of payments that nobody disputes; the others tell of a dispute, however it stands. */
const undisputed: ReadonlySet<Whop.FriendlyReceiptStatus> = new Set([
  ...(['succeeded', 'pending', 'failed', 'past_due', 'canceled', 'price_too_low'] as const),
  ...(['uncollectible', 'drafted', 'incomplete', 'unresolved'] as const),
]);

const isReversed = ({ refunded_amount: refunded, substatus }: Pick<Told, 'refunded_amount' | 'substatus'>): boolean =>
  (refunded ?? 0) > 0 || !undisputed.has(substatus);

/**
 * A payment as an order sees it. Whop is the merchant of record and may add a tax of its own on top, which is neither ours nor the
 * client's balance: the amount is the subtotal, before it. Throws `ProviderError` for a currency that the service does not know.
 */
export function toPayment(payment: Told): ProviderPayment {
  const { currency } = payment;
  const { subtotal: amount } = sharesOf(payment);
  const status = statusOf(payment.status);
  return {
    id: payment.id,
    amount,
    amountReceived: status === 'succeeded' ? amount : fromWhopAmount(0, currency),
    ...(payment.membership ? { subscriptionId: payment.membership.id } : {}),
    ...(isReversed(payment) ? { isReversed: true } : {}),
    status,
    metadata: ownMetadata(payment.metadata),
    failure:
      payment.failure_message === null
        ? null
        : { code: null, declineCode: null, adviceCode: null, message: payment.failure_message },
  };
}

export const createPayments = (calls: WhopCalls): PaymentsPort => ({
  async retrieve(account, paymentId) {
    return toPayment(await calls.read(account, (whop) => whop.payments.retrieve(paymentId)));
  },

  async listSince(account, since, until) {
    const query = {
      company_id: account.id,
      updated_after: since.toISOString(),
      ...(until ? { updated_before: until.toISOString() } : {}),
      first: pageSize,
    };
    const payments = await calls.list(account, (whop) => whop.payments.list(query));
    // In a currency that the service does not know there can be no order of ours.
    return payments.filter(({ currency }) => isCurrencyCode(currency.toUpperCase())).map(toPayment);
  },
});
