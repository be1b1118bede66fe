import type { WhopEventType, WhopTranslator } from './event.ts';
import { accountChanged } from './translators/account.ts';
import { membershipChanged } from './translators/membership.ts';
import { paymentFailed } from './translators/payment.failed.ts';
import { paymentChanged } from './translators/payment.ts';
import { disputeChanged, refundChanged } from './translators/reversal.ts';

/** Every event that is heard. An account's webhook at Whop subscribes to exactly these keys; what else arrives is stored as ignored. */
export const whopTranslators = {
  'payment.succeeded': paymentChanged,
  'payment.pending': paymentChanged,
  'payment.failed': paymentFailed,
  'refund.created': refundChanged,
  'refund.updated': refundChanged,
  'dispute.created': disputeChanged,
  'dispute.updated': disputeChanged,
  'membership.activated': membershipChanged,
  'membership.deactivated': membershipChanged,
  'membership.cancel_at_period_end_changed': membershipChanged,
  'payout_account.status_updated': accountChanged,
  'verification.succeeded': accountChanged,
  'identity_profile.approved': accountChanged,
  'identity_profile.rejected': accountChanged,
  'identity_profile.needs_action': accountChanged,
  'identity_profile.updated': accountChanged,
} as const satisfies { readonly [Type in WhopEventType]?: WhopTranslator };

export const whopEventTypes: readonly string[] = Object.keys(whopTranslators);

const table: ReadonlyMap<string, WhopTranslator> = new Map(Object.entries(whopTranslators));

export const whopTranslatorFor = (type: string): WhopTranslator | undefined => table.get(type);
