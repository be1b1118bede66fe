import type { Router } from 'express';
import { z } from 'zod';
import type { WhopTransactions } from './call.ts';
import { disputeMoves, disputePayment, moveDispute, moveRefund, refundOutcomes, refundPayment } from './reversals.ts';

const amount = z.number().positive().optional();
const refundSchema = z.strictObject({ amount, status: z.enum(['succeeded', 'pending']).optional() });
const moveRefundSchema = z.strictObject({ status: z.enum(refundOutcomes) });
const disputeSchema = z.strictObject({ kind: z.enum(['inquiry', 'chargeback']), amount });
const moveDisputeSchema = z.strictObject({ move: z.enum(disputeMoves) });

const shown = ({ id, status, amount }: { readonly id: string; readonly status: string; readonly amount: number }) => ({
  ...{ id, status, amount },
});

/** What somebody does in Whop's dashboard, and a client's bank. Amounts are in major units, with tax. */
export function addReversalControls(router: Router, transactions: WhopTransactions): void {
  router.post('/sandbox/whop/payments/:id/refund', async (request, response) => {
    const wanted = refundSchema.parse(request.body);
    const { refunds } = await transactions.run('', (call) =>
      refundPayment(call, request.params.id, wanted.amount, wanted.status),
    );
    response.json(refunds.slice(0, 1).map(shown)[0]);
  });
  router.put('/sandbox/whop/refunds/:id', async (request, response) => {
    const { status } = moveRefundSchema.parse(request.body);
    response.json(shown(await transactions.run('', (call) => moveRefund(call, request.params.id, status))));
  });
  router.post('/sandbox/whop/payments/:id/dispute', async (request, response) => {
    const { kind, amount } = disputeSchema.parse(request.body);
    const dispute = await transactions.run('', (call) => disputePayment(call, request.params.id, kind, amount));
    response.json(shown(dispute));
  });
  router.post('/sandbox/whop/disputes/:id', async (request, response) => {
    const { move } = moveDisputeSchema.parse(request.body);
    response.json(shown(await transactions.run('', (call) => moveDispute(call, request.params.id, move))));
  });
}
