import { translatorOf } from '../event.ts';
import { refundHint } from './reversal.ts';

/** Money is on its way back, by our call or by somebody in the dashboard. */
export const refundCreated = translatorOf('refund.created', (event) => refundHint(event.data.object));
