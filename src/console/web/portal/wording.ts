import type { Schemas } from '../api/schema.ts';

type Line = Schemas['Transaction'];

/** What a client calls the lines of its history. */
export const kindNames: Readonly<Record<Line['kind'], string>> = {
  top_up: 'Top-up',
  refill: 'Auto-refill',
  pack: 'Pack',
  invoice: 'Plan',
  refund: 'Refund',
  dispute: 'Disputed payment',
  inquiry: 'Question from your bank',
  hold: 'Card check, not a charge',
  manual_payment: 'Payment received',
  adjustment: 'Correction',
};

/** What stands below a line whose outcome is easily misread. */
export function explanationOf({ kind, status, reason, expiredAt }: Line): string | null {
  if (kind === 'hold') {
    return status === 'held'
      ? 'Set aside to check your card. It is not a charge, and is released by itself.'
      : 'Released. It was never a charge, and drops off your bank’s list in days.';
  }
  if (status === 'failed') {
    const said = reason?.message ?? 'The payment was declined.';
    return `${said} If your bank shows it, that is a pending authorization, which drops off in days.`;
  }
  if (status === 'checkout') return expiredAt ? 'Begun and not paid. Nothing was charged.' : 'Begun and not paid yet.';
  if (kind === 'refund' && status === 'pending')
    return 'On its way to your card. Banks take up to ten days to show it.';
  return null;
}

const documented: ReadonlySet<Line['kind']> = new Set(['top_up', 'refill', 'pack', 'invoice']);
const paid: ReadonlySet<Line['status']> = new Set(['paid', 'partially_refunded', 'refunded', 'disputed']);

/** What the document of a line is called; null of one that has none. */
export function documentOf({ kind, status }: Line): string | null {
  if (kind === 'refund') return status === 'refunded' || status === 'paid' ? 'Credit note' : null;
  return documented.has(kind) && paid.has(status) ? 'Receipt' : null;
}
