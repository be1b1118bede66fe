import type Stripe from 'stripe';
import type { Call } from './call.ts';
import { accountInvalid, invalidRequest } from './failure.ts';

/** Of the application that the platform's Connect integration is: the `client_id` of its OAuth calls. */
export const clientIdOf = (platformId: string): string => `ca_${platformId.slice('acct_'.length)}`;

const applicationOf = (call: Call): Stripe.Application => ({
  id: clientIdOf(call.platform.account.id),
  object: 'application',
  name: 'Sandbox platform',
});

/** Gives the platform access to an account that it made. */
export function connect(call: Call, account: Stripe.Account): void {
  call.platform.store.save('connection', { id: account.id, created: account.created ?? 0, authorized: true });
}

/**
 * Refuses a platform's call for an account that is not connected to it, or no longer: 403 `account_invalid`, the same
 * for an account that was never there.
 */
export async function requireConnected(call: Call, accountId: string): Promise<void> {
  const { platform } = call;
  if (accountId === platform.account.id) return;
  const connection = await platform.store.find('connection', accountId);
  if (!connection?.authorized) throw accountInvalid(accountId);
}

/** The account's owner, or the platform, ends the access; `call` is on the account. Throws 400 where there is none. */
export async function deauthorize(call: Call): Promise<void> {
  const { account, platform } = call;
  const connection = await platform.store.lock('connection', account.id, 'account');
  if (!connection.authorized) throw invalidRequest(`Account '${account.id}' is not connected.`, { param: 'account' });
  platform.store.save('connection', { ...connection, authorized: false });
  call.emit('account.application.deauthorized', applicationOf(call), account.id);
}

/** The account's owner gives the access back, under the same id. Throws 400 where nothing was taken away. */
export async function authorize(call: Call): Promise<void> {
  const { account, platform } = call;
  const connection = await platform.store.lock('connection', account.id, 'account');
  if (connection.authorized) throw invalidRequest(`Account '${account.id}' is connected.`, { param: 'account' });
  platform.store.save('connection', { ...connection, authorized: true });
  call.emit('account.application.authorized', applicationOf(call), account.id);
  call.emit('account.updated', account, account.id);
}
