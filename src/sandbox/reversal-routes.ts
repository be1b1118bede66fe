import express, { type Request, type Response, type Router } from 'express';
import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { z } from 'zod';
import { accountOf } from './account-lookup.ts';
import type { Call, Transactions } from './call.ts';
import { disputeKinds, disputeMoves, moveDispute, openDispute } from './disputes.ts';
import type { DocumentKind } from './document-types.ts';
import { failAfterSuccess } from './late-failures.ts';
import { securityHeaders } from './pay-page.ts';
import { latestPayments, paymentsPage } from './payments-page.ts';
import { refundOutcomes, switchedRefunds, switchRefunds } from './refund-outcomes.ts';
import { chargeOfPayment, makeRefund, settleRefund } from './refunds.ts';

/** In minor units of the currency that was charged. */
const amount = z.int().positive();

const reason = z.string().min(1).max(100);

const refundSchema = z.strictObject({
  amount: amount.optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  refundApplicationFee: z.boolean().default(false),
});

const switchSchema = z.strictObject({ outcome: z.enum(refundOutcomes).nullable() });

const settleSchema = z.strictObject({ outcome: z.enum(['succeed', 'fail']) });

const disputeSchema = z.strictObject({
  payment: z.string().startsWith('pi_'),
  kind: z.enum(disputeKinds),
  amount: amount.optional(),
  reason: reason.default('fraudulent'),
});

const moveSchema = z.strictObject({ move: z.enum(disputeMoves), reinstatedAmount: amount.optional() });

/** What the page's forms send: fields that were left empty are not there. */
const formSchema = z.object({
  action: z.enum(['refund', 'chargeback', 'inquiry', 'fail']),
  amount: z
    .string()
    .regex(/^\d{0,12}$/, 'Give the amount in minor units, or nothing for all of it.')
    .transform((typed) => (typed === '' ? null : Number(typed)))
    .optional(),
});

const refundState = ({ id, status, amount: minor, currency }: Stripe.Refund) => ({
  id,
  status,
  amount: minor,
  currency,
});

const disputeState = ({ id, status, amount: minor, currency }: Stripe.Dispute) => ({
  id,
  status,
  amount: minor,
  currency,
});

export interface ReversalSetting {
  readonly pool: Pool;
  readonly accountId: string;
  readonly transactions: Transactions;
}

/** What takes money back without the merchant's API: the provider's dashboard, a client's bank, a debit that comes back. */
export function reversalRoutes({ pool, accountId, transactions }: ReversalSetting): Router {
  const router = express.Router();
  const onAccountOf = async <Result>(kind: DocumentKind, id: string, work: (call: Call) => Promise<Result>) =>
    transactions.run(await accountOf(pool, kind, id), null, work);
  const refund = (
    paymentId: string,
    { amount: minor, reason: why, refundApplicationFee }: z.output<typeof refundSchema>,
  ) =>
    onAccountOf('payment_intent', paymentId, async (call) =>
      makeRefund(call, await chargeOfPayment(call, paymentId), {
        amountMinor: minor ?? null,
        reason: why ?? null,
        metadata: {},
        returnsApplicationFee: refundApplicationFee,
      }),
    );
  const dispute = ({ payment, kind, amount: minor, reason: why }: z.output<typeof disputeSchema>) =>
    onAccountOf('payment_intent', payment, async (call) =>
      openDispute(call, await chargeOfPayment(call, payment), { kind, amountMinor: minor ?? null, reason: why }),
    );
  const fail = (paymentId: string) =>
    onAccountOf('payment_intent', paymentId, (call) => failAfterSuccess(call, paymentId));

  router.get('/sandbox/payments', async (_request, response) => {
    response
      .set(securityHeaders(null))
      .type('html')
      .send(paymentsPage(await latestPayments(pool)));
  });
  router.post(
    '/sandbox/payments/:id',
    express.urlencoded({ extended: false, limit: '16kb' }),
    async (request: Request<{ id: string }>, response: Response) => {
      const { action, amount: minor = null } = formSchema.parse(request.body);
      const { id } = request.params;
      const given = minor === null ? {} : { amount: minor };
      if (action === 'refund') await refund(id, { ...given, refundApplicationFee: false });
      else if (action === 'fail') await fail(id);
      else await dispute({ payment: id, kind: action, ...given, reason: 'fraudulent' });
      response.set(securityHeaders(null)).redirect(303, '/sandbox/payments');
    },
  );
  router.post('/sandbox/payments/:id/refund', async (request, response) => {
    response.json(refundState(await refund(request.params.id, refundSchema.parse(request.body ?? {}))));
  });
  router.post('/sandbox/payments/:id/fail', async (request, response) => {
    const { id, status } = await fail(request.params.id);
    response.json({ id, status });
  });
  router.get('/sandbox/refunds', async (_request, response) => {
    response.json({ outcome: await transactions.run(accountId, null, switchedRefunds) });
  });
  router.put('/sandbox/refunds', async (request, response) => {
    const { outcome } = switchSchema.parse(request.body);
    await transactions.run(accountId, null, (call) => switchRefunds(call, outcome));
    response.json({ outcome });
  });
  router.post('/sandbox/refunds/:id/settle', async (request, response) => {
    const { outcome } = settleSchema.parse(request.body);
    const { id } = request.params;
    response.json(refundState(await onAccountOf('refund', id, (call) => settleRefund(call, id, outcome))));
  });
  router.post('/sandbox/disputes', async (request, response) => {
    response.json(disputeState(await dispute(disputeSchema.parse(request.body))));
  });
  router.post('/sandbox/disputes/:id', async (request, response) => {
    const { move, reinstatedAmount = null } = moveSchema.parse(request.body);
    const { id } = request.params;
    response.json(
      disputeState(await onAccountOf('dispute', id, (call) => moveDispute(call, id, move, reinstatedAmount))),
    );
  });
  return router;
}
