import { translatorOf } from '../event.ts';

/** What it may do changed. */
export const capabilityUpdated = translatorOf('capability.updated', () => ({ kind: 'account_hint' }));
