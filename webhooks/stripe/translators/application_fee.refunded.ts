import { translatorOf } from '../event.ts';

/** The platform gave something back of its part, with a refund or by itself. It is heard on the platform, whoever was paid. */
export const applicationFeeRefunded = translatorOf('application_fee.refunded', (event) => ({
  kind: 'fee_return_hint',
  feeId: event.data.object.id,
}));
