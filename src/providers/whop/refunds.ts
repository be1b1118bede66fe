import type Whop from '@whop/sdk';
import { Money } from '../../money/money.ts';
import { ProviderError } from '../errors.ts';
import type { ProviderRefund, RefundsPort } from '../refund-ports.ts';
import { fromWhopAmount, toWhopAmount } from './amounts.ts';
import { disputesOf, isChargedBack } from './disputes.ts';
import { ownMetadata } from './metadata.ts';
import { type PaidAmounts, partOf, type Shares, sharesOf } from './shares.ts';
import { keyed, refused, type WhopCalls } from './whop-calls.ts';

type Told = PaidAmounts & Pick<Whop.Payment, 'id' | 'metadata' | 'refunds'>;

const gone: ReadonlySet<Whop.RefundStatus> = new Set(['failed', 'canceled']);

/**
 * A payment's refunds, oldest first. Whop keeps no metadata on them and names no balance entry. Its amounts are of what the client paid, with
 * the tax that Whop added; ours are without it, and the refund that completes the whole takes what rounding left.
 */
export function toRefunds(payment: Told): readonly ProviderRefund[] {
  const shares = sharesOf(payment);
  let [gross, net] = [Money.zero(shares.total.currency.code), Money.zero(shares.subtotal.currency.code)];
  // In which order Whop lists them is not written down; of two of one moment, the first is taken for the later one.
  const byTime = payment.refunds.toReversed().sort((a, b) => Date.parse(a.created_at) - Date.parse(b.created_at));
  return byTime.map((refund) => {
    const given = fromWhopAmount(refund.amount, refund.currency);
    const isWhole = !gone.has(refund.status) && gross.plus(given).compare(shares.total) === 0;
    const amount = isWhole ? shares.subtotal.minus(net) : partOf(given, shares.subtotal, shares.total);
    if (!gone.has(refund.status)) [gross, net] = [gross.plus(given), net.plus(amount)];
    return toRefund(payment, refund, amount);
  });
}

const toRefund = (
  { id: paymentId, metadata }: Told,
  { id, status, created_at }: Told['refunds'][number],
  amount: Money,
): ProviderRefund => ({
  id,
  status,
  amount,
  paymentId,
  refundId: null,
  isUnnamed: true,
  metadata: ownMetadata(metadata),
  failure: null,
  createdAt: new Date(created_at),
  movements:
    status === 'succeeded'
      ? [
          {
            id,
            kind: 'withdrawn',
            charged: amount,
            settled: null,
            feeReturned: Money.zero(amount.currency.code),
            at: new Date(created_at),
          },
        ]
      : [],
});

/** What of a payment is neither given back nor about to be, with tax and without. */
function leftOf(payment: Told): Shares {
  const shares = sharesOf(payment);
  const standing = payment.refunds.filter(({ status }) => !gone.has(status));
  const gross = standing.reduce(
    (sum, { amount, currency }) => sum.plus(fromWhopAmount(amount, currency)),
    zeroOf(shares),
  );
  const ids = new Set(standing.map(({ id }) => id));
  const net = toRefunds(payment).reduce(
    (sum, { id, amount }) => (ids.has(id) ? sum.plus(amount) : sum),
    zeroOf(shares),
  );
  return { total: shares.total.minus(gross), subtotal: shares.subtotal.minus(net) };
}

const zeroOf = ({ total }: Shares): Money => Money.zero(total.currency.code);

/** The client's part of the tax goes back with what is given back. */
function bodyOf(payment: Told, amount: Money): Whop.PaymentRefundParams {
  const left = leftOf(payment);
  if (!left.subtotal.isPositive) throw refused('charge_already_refunded', `nothing is left of ${payment.id}`);
  const rest = left.subtotal.compare(amount);
  if (rest < 0) throw refused('refund_too_large', `less than ${amount} is left of ${payment.id}`);
  const { total, subtotal } = sharesOf(payment);
  return { partial_amount: toWhopAmount(rest === 0 ? left.total : partOf(amount, total, subtotal)) };
}

/**
 * Refunds of payments. Whop is not known to honour a key on them, so that nothing is sent twice: the payment is read before, which also tells
 * the new refund from those that it had, and after a lost call.
 */
export function createRefunds(calls: WhopCalls): RefundsPort {
  const listOfPayment: RefundsPort['listOfPayment'] = async (account, paymentId) =>
    toRefunds(await calls.read(account, (whop) => whop.payments.retrieve(paymentId)));
  return {
    keysNotKept: true,
    listOfPayment,

    async create(account, request, options) {
      const before = await calls.read(account, (whop) => whop.payments.retrieve(request.paymentId));
      if (disputesOf(before).some(isChargedBack)) {
        throw refused('charge_disputed', `${request.paymentId} is charged back`);
      }
      const body = bodyOf(before, request.amount);
      const after = await calls.write(account, (whop) =>
        whop.payments.refund(request.paymentId, body, { ...keyed(options), maxRetries: 0 }),
      );
      const known = new Set(before.refunds.map(({ id }) => id));
      const made = toRefunds(after).find(({ id, amount }) => !known.has(id) && amount.compare(request.amount) === 0);
      if (made) return made;
      throw new ProviderError({
        kind: 'indeterminate',
        code: 'refund_not_shown',
        message: `Whop: the answer does not show the refund of ${request.paymentId}`,
      });
    },

    async find(account, { paymentId, amount, others }) {
      const made = await listOfPayment(account, paymentId);
      const isSought = (refund: ProviderRefund): boolean =>
        !others.includes(refund.id) && refund.amount.compare(amount) === 0;
      return made.find(isSought) ?? null;
    },

    async retrieve(account, id) {
      const { payment } = await calls.read(account, (whop) => whop.refunds.retrieve(id));
      if (!payment) return null;
      return (await listOfPayment(account, payment.id)).find((refund) => refund.id === id) ?? null;
    },

    // What is paid at Whop stays paid: a method that settles late is `pending` until then.
    lateFailures: async () => [],
  };
}
