import express, { type Router } from 'express';
import type { Logger } from 'pino';
import { notificationTypes } from '../webhooks/stripe/notification.ts';
import { createStripeReceiver } from '../webhooks/stripe/receiver.ts';
import { stripeEventTypes } from '../webhooks/stripe/router.ts';
import { createStripeTranslation, type StripeTranslation } from '../webhooks/stripe/translate.ts';
import { createWhopReceiver, whopWebhookPath } from '../webhooks/whop/receiver.ts';
import { whopEventTypes } from '../webhooks/whop/router.ts';
import { createWhopTranslation, type WhopEvents } from '../webhooks/whop/translate.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import type { Inbox } from './delivery/inbox.ts';
import { routeDuration } from './http/request-duration.ts';
import type { Credentials } from './merchant-accounts/credentials.ts';
import type { AccountWebhooks } from './merchant-accounts/dependencies.ts';
import type { MerchantAccount } from './merchant-accounts/merchant-account.ts';
import type { MerchantAccounts } from './merchant-accounts/merchant-accounts.ts';
import type { Metrics } from './metrics.ts';
import type { PaymentProvider, ProviderName, Providers } from './providers/port.ts';
import { withBackgroundLimits } from './providers/rate-limit.ts';
import { createStripeProvider } from './providers/stripe/stripe-provider.ts';
import { createWhopProvider } from './providers/whop/whop-provider.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { type InstallationSecrets, sandboxWhopSecrets } from './tenancy/installation-secrets.ts';

interface Opening {
  readonly config: Config;
  readonly secrets: InstallationSecrets;
  /** Undefined: a provider has a real key, and those without one are absent. */
  readonly sandbox: Sandbox | undefined;
  readonly credentials: Credentials;
}

/** The doors out: the providers that the settings name, or the sandbox's. */
export function openProviders({ config, secrets, sandbox, credentials }: Opening): Providers {
  const stripeKey = config.stripe?.secretKey ?? (sandbox && secrets.sandboxSecretKey);
  const whop = whopAccess(config, secrets, sandbox);
  const limited = (provider: PaymentProvider) => withBackgroundLimits(provider, config.catalogLimits);
  return {
    ...(stripeKey === undefined
      ? {}
      : {
          stripe: limited(
            createStripeProvider({
              apiKey: stripeKey,
              clientId: config.stripe?.clientId ?? sandbox?.clientId,
              apiBase: config.stripeApiBase ?? sandbox?.url,
            }),
          ),
        }),
    ...(whop && {
      whop: limited(
        createWhopProvider({
          ...whop,
          livemode: config.mode === 'live',
          keyOf: (accountId) => credentials.keyOf('whop', accountId),
        }),
      ),
    }),
  };
}

function whopAccess(config: Config, secrets: InstallationSecrets, sandbox: Sandbox | undefined) {
  if (config.whop) {
    const { apiKey, companyId } = config.whop;
    return { apiKey, companyId, apiBase: config.whopApiBase };
  }
  if (!sandbox) return undefined;
  const { companyId, apiBase } = sandbox.whop;
  return { apiKey: sandboxWhopSecrets(secrets).apiKey, companyId, apiBase: apiBase() };
}

/** Provider -> the account that its configured key belongs to. */
export type PlatformAccounts = ReadonlyMap<ProviderName, MerchantAccount>;

const settingsOf = (config: Config) =>
  ({
    stripe: { key: 'STRIPE_SECRET_KEY', apiBase: config.stripeApiBase === undefined ? null : 'STRIPE_API_BASE' },
    whop: { key: 'WHOP_API_KEY', apiBase: config.whopApiBase === undefined ? null : 'WHOP_API_BASE' },
  }) as const satisfies Record<ProviderName, object>;

/** Asks each provider for the platform's own account. Throws `SettingError` where a key leads to none that can be used. */
export async function probePlatformAccounts(
  config: Config,
  providers: Providers,
  merchantAccounts: MerchantAccounts,
  log: Logger,
): Promise<PlatformAccounts> {
  const found = new Map<ProviderName, MerchantAccount>();
  for (const provider of Object.values(providers)) {
    const { account, notAsked } = await merchantAccounts.probePlatform(provider, {
      chargeCurrency: config.chargeCurrency,
      usdRate: config.usdRate.toString(),
      livemode: config.mode === 'live',
      settings: settingsOf(config)[provider.name],
    });
    found.set(provider.name, account);
    if (notAsked !== null) {
      log.warn(
        { provider: provider.name, account: account.providerAccountId, reason: notAsked },
        'a provider does not answer: the account, its charge currency and its rate are as the last start left them',
      );
    }
    if (account.effectiveReason) log.warn(account.effectiveReason);
  }
  return found;
}

/** Where providers tell of one account alone. */
export const accountWebhooksAt = (publicUrl: string): AccountWebhooks => ({
  whop: {
    urlOf: (merchantAccountId) => `${publicUrl}${whopWebhookPath(merchantAccountId)}`,
    eventTypes: whopEventTypes,
  },
});

/** What is heard of providers that keep a log of their events. */
export const loggedEventTypes = stripeEventTypes;

/** Stands for the platform's own account in the path of its webhook, which is made before anybody knows the account's id. */
const platformName = 'platform';

interface DoorDependencies extends Opening {
  readonly clock: Clock;
  readonly providers: Providers;
  readonly platformAccounts: PlatformAccounts;
  readonly merchantAccounts: MerchantAccounts;
  readonly inbox: Inbox;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What each provider's events mean. */
export function createTranslations({
  config,
  clock,
  providers,
  platformAccounts,
}: Pick<DoorDependencies, 'config' | 'clock' | 'providers' | 'platformAccounts'>): Readonly<
  Record<string, StripeTranslation | WhopEvents>
> {
  const livemode = config.mode === 'live';
  const create = { stripe: createStripeTranslation, whop: createWhopTranslation } as const;
  return Object.fromEntries(
    Object.values(providers).flatMap((provider) => {
      const platformAccountId = platformAccounts.get(provider.name)?.providerAccountId;
      if (platformAccountId === undefined) return [];
      return [[provider.name, create[provider.name]({ provider, clock, platformAccountId, livemode })]];
    }),
  );
}

/** The doors in: a receiver for each provider that is there. */
export function createReceivers(dependencies: DoorDependencies): Router {
  const { config, clock, secrets, platformAccounts, merchantAccounts, credentials, inbox, metrics, log } = dependencies;
  const livemode = config.mode === 'live';
  const measure = (route: string) => routeDuration(metrics.registry, 'POST', route);
  const router = express.Router();
  const stripe = platformAccounts.get('stripe');
  if (stripe) {
    router.use(
      createStripeReceiver({
        inbox,
        clock,
        platformSecrets: config.stripe?.webhookSecrets ?? [secrets.sandboxWebhookSecret],
        connectSecrets: config.stripe?.connectWebhookSecrets ?? [secrets.sandboxConnectWebhookSecret],
        platformAccountId: stripe.providerAccountId,
        livemode,
        knowsAccount: async (id) => (await merchantAccounts.byProviderAccount('stripe', id)) !== null,
        onArrival: (result) => metrics.countArrival('stripe', result),
        measure,
        log: log.child({ room: 'webhooks' }),
      }),
    );
  }
  const whop = platformAccounts.get('whop');
  if (whop) {
    const platformSecrets = config.whop?.webhookSecrets ?? [sandboxWhopSecrets(secrets).webhookSecret];
    router.use(
      createWhopReceiver({
        inbox,
        clock,
        livemode,
        listenerOf: async (merchantAccountId) => {
          if (merchantAccountId === platformName || merchantAccountId === whop.id) {
            return { providerAccountId: whop.providerAccountId, secrets: platformSecrets };
          }
          const webhook = await credentials.webhookOf('whop', merchantAccountId);
          return webhook && { providerAccountId: webhook.providerAccountId, secrets: [webhook.secret] };
        },
        onArrival: (result) => metrics.countArrival('whop', result),
        measure,
      }),
    );
  }
  return router;
}

/** Has the sandbox tell of the platform's accounts, at `at` (without a slash at its end). */
export async function listenToSandbox(
  sandbox: Sandbox,
  at: string,
  { secrets, providers, platformAccounts }: Pick<DoorDependencies, 'secrets' | 'providers' | 'platformAccounts'>,
): Promise<void> {
  const apiVersion = providers.stripe?.apiVersion;
  const endpoints = [
    { url: `${at}/webhooks/stripe`, secret: secrets.sandboxWebhookSecret, connect: false },
    { url: `${at}/webhooks/stripe/connect`, secret: secrets.sandboxConnectWebhookSecret, connect: true },
  ];
  for (const endpoint of endpoints) {
    await sandbox.ensureWebhookEndpoint({
      ...endpoint,
      enabledEvents: [...stripeEventTypes, ...notificationTypes],
      ...(apiVersion === undefined ? {} : { apiVersion }),
    });
  }
  if (!platformAccounts.has('whop')) return;
  await sandbox.whop.ensureWebhook({
    url: `${at}${whopWebhookPath(platformName)}`,
    secret: sandboxWhopSecrets(secrets).webhookSecret,
    events: whopEventTypes,
  });
}
