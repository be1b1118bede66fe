import type { WhopTranslator } from '../event.ts';

/** Its owner or Whop changed something: what the account may do is read. */
export const accountChanged: WhopTranslator = () => ({ kind: 'account_hint' });
