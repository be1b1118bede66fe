import type Whop from '@whop/sdk';
import { Money } from '../../money/money.ts';
import type { BalanceMovement, DisputesPort, ProviderDispute } from '../refund-ports.ts';
import { fromWhopAmount } from './amounts.ts';
import { partOf, type Shares, sharesOf } from './shares.ts';
import { refused, type WhopCalls } from './whop-calls.ts';

/** What each of Whop's words says: it shows no movements, so that the word must tell what was taken and what came back. */
const meanings = {
  warning_needs_response: { status: 'needs_response', isInquiry: true, moved: [] },
  warning_under_review: { status: 'under_review', isInquiry: true, moved: [] },
  warning_closed: { status: 'prevented', isInquiry: true, moved: [] },
  needs_response: { status: 'needs_response', isInquiry: false, moved: ['withdrawn'] },
  under_review: { status: 'under_review', isInquiry: false, moved: ['withdrawn'] },
  won: { status: 'won', isInquiry: false, moved: ['withdrawn', 'reinstated'] },
  lost: { status: 'lost', isInquiry: false, moved: ['withdrawn'] },
  closed: { status: 'closed', isInquiry: false, moved: ['withdrawn'] },
  other: { status: 'other', isInquiry: false, moved: [] },
} as const satisfies Record<
  Whop.DisputeStatuses,
  Pick<ProviderDispute, 'status' | 'isInquiry'> & { readonly moved: readonly BalanceMovement['kind'][] }
>;

const isKnown = (status: string): status is Whop.DisputeStatuses => Object.hasOwn(meanings, status);

/** A word that Whop has come to use since says nothing of money that we could book. */
const meaningOf = (status: string) => meanings[isKnown(status) ? status : 'other'];

/** The bank has the money. */
export const isChargedBack = ({ status }: Pick<Whop.Dispute, 'status'>): boolean => {
  const moved: readonly string[] = meaningOf(status).moved;
  return moved.includes('withdrawn') && !moved.includes('reinstated');
};

/** Throws `ProviderError` where the key may not see disputes: none that are seen is not none that are. */
export function disputesOf({ id, disputes }: Pick<Whop.Payment, 'id' | 'disputes'>) {
  if (disputes) return disputes;
  throw refused('disputes_not_shown', `the key lacks payment:dispute:read, which ${id} needs`);
}

function toDispute(dispute: Whop.Dispute, paymentId: string, { total, subtotal }: Shares): ProviderDispute {
  const { status, isInquiry, moved } = meaningOf(dispute.status);
  const disputed = fromWhopAmount(dispute.amount, dispute.currency);
  const amount = disputed.compare(total) >= 0 ? subtotal : partOf(disputed, subtotal, total);
  const createdAt = new Date(dispute.created_at ?? dispute.payment?.paid_at ?? 0);
  return {
    id: dispute.id,
    paymentId,
    status,
    isInquiry,
    isAppealed: false,
    amount,
    reason: dispute.reason ?? 'unknown',
    answerDueAt: dispute.needs_response_by === null ? null : new Date(dispute.needs_response_by),
    createdAt,
    movements: moved.map((kind) => ({
      id: kind,
      kind,
      charged: amount,
      settled: null,
      feeReturned: Money.zero(amount.currency.code),
      at: createdAt,
    })),
  };
}

/** Disputes, mapped by the payment's id: they carry no metadata. Amounts are without the tax that Whop added, which is its own to return. */
export function createDisputes(calls: WhopCalls): DisputesPort {
  return {
    async retrieve(account, disputeId) {
      const dispute = await calls.read(account, (whop) => whop.disputes.retrieve(disputeId));
      if (!dispute.payment) throw refused('dispute_without_payment', `${disputeId} names no payment`);
      const paymentId = dispute.payment.id;
      const payment = await calls.read(account, (whop) => whop.payments.retrieve(paymentId));
      return toDispute(dispute, paymentId, sharesOf(payment));
    },

    async listOfPayment(account, paymentId) {
      const payment = await calls.read(account, (whop) => whop.payments.retrieve(paymentId));
      const disputes: ProviderDispute[] = [];
      for (const { id } of disputesOf(payment)) {
        const dispute = await calls.read(account, (whop) => whop.disputes.retrieve(id));
        disputes.push(toDispute(dispute, paymentId, sharesOf(payment)));
      }
      return disputes.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1));
    },
  };
}
