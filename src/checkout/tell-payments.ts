import type { Emit } from '../outgoing/emit.ts';
import type { NewNotice, Notify } from '../outgoing/notices.ts';
import type { PaidPayment, PaymentListeners } from './payment-listeners.ts';

/** Payments as the agency's own systems hear of them. */
export const tellPaid =
  (emit: Emit): PaymentListeners['onPaid'][number] =>
  (sql, payments) =>
    emit(
      sql,
      payments.map(({ agencyId, fact, orderId, customerId, paymentId, credited, charged, pack, paidAt }) => ({
        type: 'payment.paid',
        agencyId,
        fact,
        data: {
          orderId,
          customerId,
          paymentId,
          credited: credited.toJSON(),
          charged: charged.toJSON(),
          packId: pack?.packId ?? null,
          paidAt: paidAt.toISOString(),
        },
      })),
    );

export const tellFailed =
  (emit: Emit): PaymentListeners['onFailed'][number] =>
  (sql, payments) =>
    emit(
      sql,
      payments.map(
        ({ agencyId, fact, orderId, customerId, paymentId, charged, final, code, declineCode, failedAt }) => ({
          type: 'payment.failed',
          agencyId,
          fact,
          data: {
            orderId,
            customerId,
            paymentId,
            charged: charged.toJSON(),
            final,
            code,
            declineCode,
            failedAt: failedAt.toISOString(),
          },
        }),
      ),
    );

/** A receipt by e-mail for each payment, in the agency's name. */
export const sendReceipts =
  (notify: Notify): PaymentListeners['onPaid'][number] =>
  (sql, payments) =>
    notify(sql, payments.map(receiptOf));

function receiptOf({ agencyId, customerId, fact, credited, charged, pack, paidAt, orderId }: PaidPayment): NewNotice {
  const to = { agencyId, customerId, fact };
  const paid = { charged: charged.toString(), paidOn: paidAt.toISOString().slice(0, 10), orderId };
  return pack
    ? { ...to, kind: 'pack_receipt', facts: { ...paid, sold: pack.title } }
    : { ...to, kind: 'receipt', facts: { ...paid, credited: credited.isZero ? null : credited.toString() } };
}
