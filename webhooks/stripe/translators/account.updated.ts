import { translatorOf } from '../event.ts';

/** Its owner or its provider changed something: what it may do is read. */
export const accountUpdated = translatorOf('account.updated', () => ({ kind: 'account_hint' }));
