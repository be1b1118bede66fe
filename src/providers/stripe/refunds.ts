import type Stripe from 'stripe';
import { metadataKeys } from '../metadata.ts';
import type { ProviderLateFailure, ProviderRefund, RefundsPort } from '../refund-ports.ts';
import { fromMinorUnits, requireKnownCurrency, toMinorUnits } from './amounts.ts';
import { expanded, toMovement } from './movements.ts';
import { on, pageSize, type StripeCalls, writeOn } from './stripe-calls.ts';

const statuses: Readonly<Record<string, ProviderRefund['status']>> = {
  pending: 'pending',
  succeeded: 'succeeded',
  failed: 'failed',
  canceled: 'canceled',
  requires_action: 'requires_action',
};

const idOf = (reference: string | { readonly id: string } | null): string | null =>
  typeof reference === 'object' ? (reference?.id ?? null) : reference;

/** A hold that was let go of shows as the refund of money that nobody took (docs.stripe.com/api/refunds/object, `reason`). */
const isOfNothingTaken = ({ reason }: Pick<Stripe.Refund, 'reason'>): boolean => reason === 'expired_uncaptured_charge';

/** Throws `ProviderError` for one in a currency that this service has never heard of. */
function toRefund(refund: Stripe.Refund): ProviderRefund {
  requireKnownCurrency(refund);
  const amount = fromMinorUnits(refund.amount, refund.currency);
  const transactions = expanded(refund.balance_transaction, refund.failure_balance_transaction);
  return {
    id: refund.id,
    status: statuses[refund.status ?? ''] ?? 'pending',
    amount,
    paymentId: idOf(refund.payment_intent),
    refundId: refund.metadata?.[metadataKeys.refund] ?? null,
    metadata: refund.metadata ?? {},
    failure: refund.failure_reason ?? null,
    createdAt: new Date(refund.created * 1000),
    movements: transactions.map((transaction) => toMovement(transaction, amount)),
  };
}

function toLateFailures(charge: Stripe.Charge): readonly ProviderLateFailure[] {
  if (charge.status !== 'failed') return [];
  return expanded(charge.failure_balance_transaction).map((transaction) => {
    requireKnownCurrency(charge);
    const amount = fromMinorUnits(charge.amount_captured, charge.currency);
    return {
      id: charge.id,
      amount,
      code: charge.failure_code,
      message: charge.failure_message,
      movement: toMovement(transaction, amount),
    };
  });
}

const expand = ['balance_transaction', 'failure_balance_transaction'];
const expandEach = expand.map((path) => `data.${path}`);

export function createRefunds(stripe: Stripe, calls: StripeCalls): RefundsPort {
  const listOfPayment: RefundsPort['listOfPayment'] = async (account, paymentId) => {
    const refunds = await calls.list(() =>
      stripe.refunds.list({ payment_intent: paymentId, limit: pageSize, expand: expandEach }, on(account)),
    );
    return refunds
      .filter((refund) => !isOfNothingTaken(refund))
      .map(toRefund)
      .reverse();
  };
  return {
    listOfPayment,

    async create(account, request, options) {
      const params = {
        payment_intent: request.paymentId,
        amount: toMinorUnits(request.amount),
        metadata: { ...request.metadata, [metadataKeys.refund]: request.refundId },
        ...(request.reason === null ? {} : { reason: request.reason }),
        ...(request.applicationFeeReturned ? { refund_application_fee: true } : {}),
        expand,
      } satisfies Stripe.RefundCreateParams;
      return toRefund(await calls.write('refund', () => stripe.refunds.create(params, writeOn(account, options))));
    },

    async find(account, { paymentId, refundId }) {
      const refunds = await listOfPayment(account, paymentId);
      return refunds.find((refund) => refund.refundId === refundId) ?? null;
    },

    async retrieve(account, id) {
      const refund = await calls.read('refund', () => stripe.refunds.retrieve(id, { expand }, on(account)));
      return isOfNothingTaken(refund) ? null : toRefund(refund);
    },

    async lateFailures(account, paymentId) {
      const charges = await calls.list(() =>
        stripe.charges.list(
          { payment_intent: paymentId, limit: pageSize, expand: ['data.failure_balance_transaction'] },
          on(account),
        ),
      );
      return charges.flatMap(toLateFailures).reverse();
    },
  };
}
