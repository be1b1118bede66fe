import { translatorOf } from '../event.ts';

/** It gives us access again. */
export const accountAuthorized = translatorOf('account.application.authorized', () => ({ kind: 'account_hint' }));
