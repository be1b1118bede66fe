import { translatorOf } from '../event.ts';

/** Its owner took our access back. Or did: it may be connected again by now, which only reading tells. */
export const accountDeauthorized = translatorOf('account.application.deauthorized', () => ({ kind: 'account_hint' }));
