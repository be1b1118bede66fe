import { z } from 'zod';
import { SettingError } from './errors.ts';
import { currencyCodes } from './money/currency.ts';
import { ExchangeRate } from './money/exchange-rate.ts';

/** What kind of money this installation moves. A database is stamped with it at its first start. */
export type Mode = 'sandbox' | 'test' | 'live';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';

export interface StripeConfig {
  readonly secretKey: string;
  /** The current secret first, then a rolled one. */
  readonly webhookSecrets: readonly string[];
  readonly connectWebhookSecrets: readonly string[];
  /** The platform's `ca_...`: accounts can be disconnected from our side with it. */
  readonly clientId: string | undefined;
}

export interface WhopConfig {
  readonly apiKey: string;
  /** The platform's own company, `biz_...`. */
  readonly companyId: string;
  /** The current secret first, then a rolled one. */
  readonly webhookSecrets: readonly string[];
}

export interface Config {
  readonly mode: Mode;
  readonly host: string;
  readonly port: number;
  /** Without a slash at its end. */
  readonly publicUrl: string;
  /** Undefined: the embedded server. */
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
  /** Undefined: this process does what Redis would. */
  readonly redisUrl: string | undefined;
  /** Undefined: the sandbox, or, where another provider has a real key, none: no test card may make real balance. */
  readonly stripe: StripeConfig | undefined;
  /** Another host that speaks Stripe's API. */
  readonly stripeApiBase: string | undefined;
  /** Undefined: likewise. */
  readonly whop: WhopConfig | undefined;
  /** Another host that speaks Whop's API. */
  readonly whopApiBase: string | undefined;
  /** How fast plans are carried to each account. */
  readonly catalogLimits: { readonly perSecond: number; readonly perEndpointSecond: number };
  /** How many API calls a second one key may make. */
  readonly apiCallsPerSecond: number;
  /** How many proxies in front of the service tell the truth about where a request came from. */
  readonly trustedProxies: number;
  readonly platformApiKey: string | undefined;
  readonly encryptionKey: string | undefined;
  readonly chargeCurrency: string;
  /** USD to the charge currency. */
  readonly usdRate: ExchangeRate;
  readonly sandbox: { readonly port: number; readonly country: string };
  /** Whether agencies' webhook addresses may lead to this machine and to private networks. For development. */
  readonly webhooksAllowPrivateAddresses: boolean;
  /** Undefined: notices are kept to be read. */
  readonly smtp: { readonly smtpUrl: string; readonly mailFrom: string } | undefined;
  readonly logLevel: LogLevel;
}

/** Bits that nobody guesses: 32 characters of base64 hold 192. */
const secretLengthMin = 32;

const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a port from 1 to 65535')
  .transform(Number)
  .refine((value) => value >= 1 && value <= 65_535, 'must be a port from 1 to 65535');

const urlOf = (protocols: readonly string[], what: string) =>
  z.string().refine((text) => {
    const url = URL.parse(text);
    return url !== null && protocols.includes(url.protocol) && url.hostname !== '';
  }, `must be ${what}`);

const webUrl = urlOf(['http:', 'https:'], 'an http or https address');
const withoutSlash = (url: string): string => url.replace(/\/+$/, '');
const notEmpty = z.string().refine((text) => text.trim() !== '', 'must not be empty');
const ownSecret = notEmpty.refine(
  (text) => text.length >= secretLengthMin,
  `must have at least ${secretLengthMin} characters`,
);
const callsPerSecond = z
  .string()
  .regex(/^[1-9]\d{0,3}$/, 'must be a whole number of calls a second from 1 to 9999')
  .transform(Number);
const secretList = notEmpty
  .transform((text) => text.split(',').map((secret) => secret.trim()))
  .refine((secrets) => secrets.every((secret) => secret !== ''), 'has an empty secret beside a comma')
  .refine((secrets) => secrets.length <= 2, 'takes at most two secrets, the current and the one being rolled');

const settings = z.object({
  PORT: port.default(3000),
  HOST: notEmpty.default('127.0.0.1'),
  PUBLIC_URL: webUrl.transform(withoutSlash).optional(),
  DATABASE_URL: urlOf(['postgres:', 'postgresql:'], 'a postgresql:// address').optional(),
  DATA_DIR: notEmpty.default('.data'),
  REDIS_URL: urlOf(['redis:', 'rediss:'], 'a redis:// address').optional(),
  STRIPE_SECRET_KEY: notEmpty.optional(),
  STRIPE_WEBHOOK_SECRET: secretList.optional(),
  STRIPE_CONNECT_WEBHOOK_SECRET: secretList.optional(),
  STRIPE_CLIENT_ID: z
    .string()
    .regex(/^ca_\w+$/, 'must be the platform’s client id, which begins with ca_')
    .optional(),
  STRIPE_API_BASE: webUrl.transform(withoutSlash).optional(),
  WHOP_API_KEY: notEmpty.optional(),
  WHOP_COMPANY_ID: z
    .string()
    .regex(/^biz_\w+$/, 'must be the platform’s company, which begins with biz_')
    .optional(),
  WHOP_WEBHOOK_SECRET: secretList.optional(),
  WHOP_API_BASE: webUrl.transform(withoutSlash).optional(),
  STRIPE_CALLS_PER_SECOND: callsPerSecond.optional(),
  STRIPE_CALLS_PER_SECOND_PER_ENDPOINT: callsPerSecond.optional(),
  API_CALLS_PER_SECOND: callsPerSecond.default(100),
  TRUSTED_PROXIES: z.coerce.number().int().min(0, 'must be a number of proxies, 0 or more').max(10).default(0),
  PLATFORM_API_KEY: ownSecret.refine((text) => /^\S+$/.test(text), 'must not contain spaces').optional(),
  ENCRYPTION_KEY: ownSecret.optional(),
  CHARGE_CURRENCY: z
    .string()
    .refine((code) => currencyCodes.includes(code), 'must be the upper-case code of a known currency, such as OMR')
    .default('OMR'),
  USD_RATE: z
    .string()
    .regex(/^\d{1,7}(\.\d{1,4})?$/, 'must be a decimal number with at most four decimals, such as 0.385')
    .refine((text) => Number(text) > 0, 'must be above 0')
    .optional(),
  SANDBOX_PORT: port.optional(),
  SANDBOX_COUNTRY: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be a two-letter country code in upper case, such as AE')
    .default('AE'),
  WEBHOOKS_ALLOW_PRIVATE_ADDRESSES: z.enum(['true', 'false'], 'must be true or false').default('false'),
  SMTP_URL: urlOf(['smtp:', 'smtps:'], 'an smtp:// address').optional(),
  MAIL_FROM: z.email('must be an e-mail address').optional(),
  LOG_LEVEL: z
    .enum(
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'must be one of fatal, error, warn, info, debug, trace, silent',
    )
    .default('info'),
});

type Settings = z.output<typeof settings>;

/** What Stripe takes of each account (docs.stripe.com/rate-limits); our own sandbox has no limit, and a demo should not wait. */
const catalogLimits = {
  live: { perSecond: 100, perEndpointSecond: 25 },
  test: { perSecond: 25, perEndpointSecond: 25 },
  sandbox: { perSecond: 1_000, perEndpointSecond: 1_000 },
} as const satisfies Record<Mode, Config['catalogLimits']>;

/**
 * Reads the settings. Throws `SettingError`, one sentence that names the setting, for the first one that is wrong: a
 * service that starts with a guess would move money by it.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const parsed = settings.safeParse(env);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new SettingError(`${String(issue?.path[0])} ${issue?.message}.`);
  }
  const given = parsed.data;
  const mode = modeOf(given);
  const sandboxPort = given.SANDBOX_PORT ?? given.PORT + 1;
  if (mode === 'sandbox' && (sandboxPort === given.PORT || sandboxPort > 65_535)) {
    throw new SettingError('SANDBOX_PORT must be a port from 1 to 65535 and another one than PORT.');
  }
  return {
    mode,
    host: given.HOST,
    port: given.PORT,
    publicUrl: given.PUBLIC_URL ?? `http://${hostInUrl(given.HOST)}:${given.PORT}`,
    databaseUrl: given.DATABASE_URL,
    dataDir: given.DATA_DIR,
    redisUrl: given.REDIS_URL,
    stripe: stripeOf(given),
    stripeApiBase: given.STRIPE_API_BASE,
    whop: whopOf(given),
    whopApiBase: given.WHOP_API_BASE,
    catalogLimits: {
      perSecond: given.STRIPE_CALLS_PER_SECOND ?? catalogLimits[mode].perSecond,
      perEndpointSecond: given.STRIPE_CALLS_PER_SECOND_PER_ENDPOINT ?? catalogLimits[mode].perEndpointSecond,
    },
    apiCallsPerSecond: given.API_CALLS_PER_SECOND,
    trustedProxies: given.TRUSTED_PROXIES,
    platformApiKey: given.PLATFORM_API_KEY,
    encryptionKey: given.ENCRYPTION_KEY,
    chargeCurrency: given.CHARGE_CURRENCY,
    usdRate: rateOf(given),
    sandbox: { port: sandboxPort, country: given.SANDBOX_COUNTRY },
    webhooksAllowPrivateAddresses: given.WEBHOOKS_ALLOW_PRIVATE_ADDRESSES === 'true',
    smtp: smtpOf(given),
    logLevel: given.LOG_LEVEL,
  };
}

/** An IPv6 address stands in brackets in a URL. */
export const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);

const addressComplaints: Readonly<Record<string, (host: string, port: number, portName: string) => string>> = {
  EADDRINUSE: (host, port, portName) => `${portName} is ${port}, where something listens on ${host} already.`,
  EACCES: (host, port, portName) => `${portName} is ${port}, which this user may not listen on at ${host}.`,
  EADDRNOTAVAIL: (host) => `HOST is ${host}, which is not an address of this machine.`,
  ENOTFOUND: (host) => `HOST is ${host}, which names no address.`,
};

/** What to throw for an address that could not be listened on: `SettingError` where a setting is to blame, else the error itself. */
export function listenRefusal(error: unknown, host: string, port: number, portName: 'PORT' | 'SANDBOX_PORT'): unknown {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return error;
  const complaint = addressComplaints[error.code];
  return complaint ? new SettingError(complaint(host, port, portName)) : error;
}

/** One kind of money in one installation: a test card of one provider would otherwise pay for what is live at another. */
function modeOf(given: Settings): Mode {
  const stripe = stripeModeOf(given);
  const whop = whopModeOf(given);
  if (stripe !== undefined && whop !== undefined && stripe !== whop) {
    throw new SettingError(
      `WHOP_API_KEY moves ${whop} money and STRIPE_SECRET_KEY ${stripe} money; use one kind of both.`,
    );
  }
  return stripe ?? whop ?? 'sandbox';
}

/** Whop's keys look alike everywhere: which money they move is said by the host (docs.whop.com/developer/guides/sandbox). */
const whopModeOf = ({ WHOP_API_KEY: key, WHOP_API_BASE: base }: Settings): 'test' | 'live' | undefined => {
  if (key === undefined) return undefined;
  return base === undefined || URL.parse(base)?.hostname === 'api.whop.com' ? 'live' : 'test';
};

/** Stripe's keys say what they are: `sk_live_`, `rk_test_`, ... */
function stripeModeOf({ STRIPE_SECRET_KEY: key, STRIPE_API_BASE: base }: Settings): 'test' | 'live' | undefined {
  if (key === undefined) return undefined;
  const named = /^[sr]k_(test|live)_/.exec(key)?.[1];
  if (named === 'live' || named === 'test') return named;
  // A stand-in for Stripe may have keys of any form; what it moves is not real money.
  if (base !== undefined) return 'test';
  throw new SettingError('STRIPE_SECRET_KEY must begin with sk_test_, sk_live_, rk_test_ or rk_live_.');
}

const needingKey = [
  'STRIPE_WEBHOOK_SECRET',
  'STRIPE_CONNECT_WEBHOOK_SECRET',
  'STRIPE_CLIENT_ID',
  'STRIPE_API_BASE',
] as const;

function stripeOf(given: Settings): StripeConfig | undefined {
  if (given.STRIPE_SECRET_KEY === undefined) {
    // A secret or an address without its key is a half-made configuration, not a wish for the sandbox.
    const orphan = needingKey.find((name) => given[name] !== undefined);
    if (orphan)
      throw new SettingError(`${orphan} is set but STRIPE_SECRET_KEY is not; set both, or neither for the sandbox.`);
    return undefined;
  }
  if (given.STRIPE_WEBHOOK_SECRET === undefined) {
    throw new SettingError(
      'STRIPE_WEBHOOK_SECRET must be set when STRIPE_SECRET_KEY is, or no payment could be believed.',
    );
  }
  return {
    secretKey: given.STRIPE_SECRET_KEY,
    webhookSecrets: given.STRIPE_WEBHOOK_SECRET,
    connectWebhookSecrets: given.STRIPE_CONNECT_WEBHOOK_SECRET ?? [],
    clientId: given.STRIPE_CLIENT_ID,
  };
}

const needingWhopKey = ['WHOP_COMPANY_ID', 'WHOP_WEBHOOK_SECRET', 'WHOP_API_BASE'] as const;

function whopOf(given: Settings): WhopConfig | undefined {
  const { WHOP_API_KEY: apiKey, WHOP_COMPANY_ID: companyId, WHOP_WEBHOOK_SECRET: webhookSecrets } = given;
  if (apiKey === undefined) {
    const orphan = needingWhopKey.find((name) => given[name] !== undefined);
    if (orphan)
      throw new SettingError(`${orphan} is set but WHOP_API_KEY is not; set both, or neither for the sandbox.`);
    return undefined;
  }
  if (companyId === undefined) throw new SettingError('WHOP_COMPANY_ID must be set when WHOP_API_KEY is.');
  if (webhookSecrets === undefined) {
    throw new SettingError('WHOP_WEBHOOK_SECRET must be set when WHOP_API_KEY is, or no payment could be believed.');
  }
  return { apiKey, companyId, webhookSecrets };
}

function smtpOf({ SMTP_URL: smtpUrl, MAIL_FROM: mailFrom }: Settings): Config['smtp'] {
  if (smtpUrl === undefined) return undefined;
  if (mailFrom === undefined) {
    throw new SettingError('MAIL_FROM must be set when SMTP_URL is: the address that notices come from.');
  }
  return { smtpUrl, mailFrom };
}

function rateOf({ USD_RATE: rate, CHARGE_CURRENCY: currency }: Settings): ExchangeRate {
  if (currency === 'USD') {
    if (rate !== undefined && Number(rate) !== 1)
      throw new SettingError('USD_RATE must be 1, or left out, when CHARGE_CURRENCY is USD.');
    return ExchangeRate.of('USD', 'USD', '1');
  }
  if (rate === undefined && currency !== 'OMR') {
    throw new SettingError(
      `USD_RATE must be set when CHARGE_CURRENCY is ${currency}, for its default is the rate of OMR.`,
    );
  }
  return ExchangeRate.of('USD', currency, rate ?? '0.385');
}
