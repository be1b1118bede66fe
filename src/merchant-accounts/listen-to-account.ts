import type { AccountDependencies } from './dependencies.ts';
import type { MerchantAccount } from './merchant-account.ts';
import { accountRefOf } from './merchant-accounts.ts';

/**
 * Has the provider tell of an account where each account is told of by itself, and keeps the secret it signs with. Once: an account
 * that is heard is left alone. A crash between the two leaves one that is registered anew the next time. Throws `ProviderError`.
 */
export async function listenToAccount(
  { database, providers, credentials, accountWebhooks }: AccountDependencies,
  account: MerchantAccount,
): Promise<void> {
  const { provider } = account;
  const accounts = providers[provider]?.accounts;
  const webhook = accountWebhooks?.[provider];
  if (!accounts?.listen || !webhook || account.status === 'disconnected') return;
  if (await credentials.webhookOf(provider, account.id)) return;
  const { secret } = await accounts.listen(accountRefOf(account), webhook.urlOf(account.id), webhook.eventTypes);
  await credentials.save(database.pool, account, { webhookSecret: secret });
}
