import { describe, expect, test } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { SettingError } from '../../../src/errors.ts';

const stripe = { STRIPE_SECRET_KEY: 'sk_test_abc', STRIPE_WEBHOOK_SECRET: 'whsec_current' };
const whop = { WHOP_API_KEY: 'apik_abc', WHOP_COMPANY_ID: 'biz_1', WHOP_WEBHOOK_SECRET: 'ws_current' };
const long = 'x'.repeat(32);

describe('settings', () => {
  test('nothing set is a sandbox on an embedded server, charging in OMR at 0.385', () => {
    const config = readConfig({});
    expect(config).toMatchObject({
      mode: 'sandbox',
      host: '127.0.0.1',
      port: 3000,
      publicUrl: 'http://127.0.0.1:3000',
      databaseUrl: undefined,
      dataDir: '.data',
      stripe: undefined,
      chargeCurrency: 'OMR',
      sandbox: { port: 3001, country: 'AE' },
      apiCallsPerSecond: 100,
      trustedProxies: 0,
      logLevel: 'info',
    });
    expect(config.usdRate.toString()).toBe('0.385');
  });

  test.each([
    ['sk_test_abc', 'test'],
    ['rk_test_abc', 'test'],
    ['sk_live_abc', 'live'],
    ['rk_live_abc', 'live'],
  ])('%s is a key of mode %s', (key, mode) => {
    expect(readConfig({ ...stripe, STRIPE_SECRET_KEY: key }).mode).toBe(mode);
  });

  test('a stand-in for Stripe may have a key of any form, which is a test key unless it says live', () => {
    const base = { STRIPE_API_BASE: 'http://127.0.0.1:8420/', STRIPE_WEBHOOK_SECRET: 'whsec_a' };
    expect(readConfig({ ...base, STRIPE_SECRET_KEY: 'anything' })).toMatchObject({
      mode: 'test',
      stripeApiBase: 'http://127.0.0.1:8420',
    });
    expect(readConfig({ ...base, STRIPE_SECRET_KEY: 'sk_live_abc' }).mode).toBe('live');
  });

  test('a comma separates the current webhook secret and the one being rolled', () => {
    const config = readConfig({
      ...stripe,
      STRIPE_WEBHOOK_SECRET: 'whsec_old, whsec_new',
      STRIPE_CONNECT_WEBHOOK_SECRET: 'whsec_c',
    });
    expect(config.stripe).toEqual({
      secretKey: 'sk_test_abc',
      webhookSecrets: ['whsec_old', 'whsec_new'],
      connectWebhookSecrets: ['whsec_c'],
    });
  });

  test('a charge currency of USD needs no rate', () => {
    expect(readConfig({ CHARGE_CURRENCY: 'USD' }).usdRate.toString()).toBe('1');
  });

  test('a key of one provider leaves the other absent, for no test card may make real balance', () => {
    expect(readConfig(stripe)).toMatchObject({ mode: 'test', whop: undefined });
    expect(readConfig(whop)).toMatchObject({
      mode: 'live',
      stripe: undefined,
      whop: { apiKey: 'apik_abc', companyId: 'biz_1', webhookSecrets: ['ws_current'] },
    });
  });

  test.each([
    [undefined, 'live'],
    ['https://api.whop.com', 'live'],
    ['https://sandbox-api.whop.com/', 'test'],
    ['http://127.0.0.1:8420/whop', 'test'],
  ])('a key of Whop moves the money of its host: %s is %s', (base, mode) => {
    expect(readConfig({ ...whop, ...(base === undefined ? {} : { WHOP_API_BASE: base }) }).mode).toBe(mode);
  });

  test('both providers may have keys of one kind of money', () => {
    expect(readConfig({ ...stripe, STRIPE_SECRET_KEY: 'sk_live_abc', ...whop })).toMatchObject({
      mode: 'live',
      stripe: { secretKey: 'sk_live_abc' },
      whop: { companyId: 'biz_1' },
    });
  });

  const wrong: readonly (readonly [string, NodeJS.ProcessEnv])[] = [
    ['PORT', { PORT: '0' }],
    ['PORT', { PORT: '65536' }],
    ['PORT', { PORT: 'http' }],
    ['PORT', { PORT: '' }],
    ['HOST', { HOST: '' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'baisa.example.com' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'ftp://baisa.example.com' }],
    ['DATABASE_URL', { DATABASE_URL: 'mysql://localhost/baisa' }],
    ['DATABASE_URL', { DATABASE_URL: '' }],
    ['DATA_DIR', { DATA_DIR: ' ' }],
    ['REDIS_URL', { REDIS_URL: 'localhost:6379' }],
    ['STRIPE_SECRET_KEY', { ...stripe, STRIPE_SECRET_KEY: '' }],
    ['STRIPE_SECRET_KEY', { ...stripe, STRIPE_SECRET_KEY: 'pk_test_abc' }],
    ['STRIPE_SECRET_KEY', { STRIPE_WEBHOOK_SECRET: 'whsec_a' }],
    ['STRIPE_API_BASE', { STRIPE_API_BASE: 'http://127.0.0.1:8420' }],
    ['STRIPE_WEBHOOK_SECRET', { STRIPE_SECRET_KEY: 'sk_live_abc' }],
    ['STRIPE_WEBHOOK_SECRET', { STRIPE_SECRET_KEY: 'sk_test_abc' }],
    ['STRIPE_WEBHOOK_SECRET', { ...stripe, STRIPE_WEBHOOK_SECRET: '' }],
    ['STRIPE_WEBHOOK_SECRET', { ...stripe, STRIPE_WEBHOOK_SECRET: 'whsec_a,' }],
    ['STRIPE_WEBHOOK_SECRET', { ...stripe, STRIPE_WEBHOOK_SECRET: 'a,b,c' }],
    ['STRIPE_CONNECT_WEBHOOK_SECRET', { ...stripe, STRIPE_CONNECT_WEBHOOK_SECRET: '' }],
    ['STRIPE_API_BASE', { ...stripe, STRIPE_API_BASE: '127.0.0.1:8420' }],
    ['WHOP_API_KEY', { ...stripe, ...whop }],
    ['WHOP_API_KEY', { WHOP_API_BASE: 'https://sandbox-api.whop.com' }],
    ['WHOP_API_KEY', { ...whop, WHOP_API_KEY: '' }],
    ['WHOP_COMPANY_ID', { WHOP_API_KEY: 'apik_abc', WHOP_WEBHOOK_SECRET: 'ws_current' }],
    ['WHOP_COMPANY_ID', { ...whop, WHOP_COMPANY_ID: 'acct_1' }],
    ['WHOP_WEBHOOK_SECRET', { WHOP_API_KEY: 'apik_abc', WHOP_COMPANY_ID: 'biz_1' }],
    ['WHOP_API_BASE', { ...whop, WHOP_API_BASE: 'api.whop.com' }],
    ['PLATFORM_API_KEY', { PLATFORM_API_KEY: 'short' }],
    ['PLATFORM_API_KEY', { PLATFORM_API_KEY: `${long} x` }],
    ['ENCRYPTION_KEY', { ENCRYPTION_KEY: 'short' }],
    ['CHARGE_CURRENCY', { CHARGE_CURRENCY: 'omr' }],
    ['CHARGE_CURRENCY', { CHARGE_CURRENCY: 'XYZ' }],
    ['USD_RATE', { USD_RATE: '0' }],
    ['USD_RATE', { USD_RATE: '0.000' }],
    ['USD_RATE', { USD_RATE: '-0.385' }],
    ['USD_RATE', { USD_RATE: '0.38512' }],
    ['USD_RATE', { USD_RATE: 'cheap' }],
    ['USD_RATE', { CHARGE_CURRENCY: 'AED' }],
    ['USD_RATE', { CHARGE_CURRENCY: 'USD', USD_RATE: '1.1' }],
    ['SANDBOX_PORT', { PORT: '4000', SANDBOX_PORT: '4000' }],
    ['SANDBOX_PORT', { PORT: '65535' }],
    ['SANDBOX_COUNTRY', { SANDBOX_COUNTRY: 'Oman' }],
    ['SMTP_URL', { SMTP_URL: 'mail.example.com' }],
    ['LOG_LEVEL', { LOG_LEVEL: 'loud' }],
  ];
  test.each(wrong)('a wrong %s stops the start with one sentence that names it (%j)', (name, env) => {
    const attempt = () => readConfig(env);
    expect(attempt).toThrow(SettingError);
    expect(attempt).toThrow(new RegExp(`^[^\\n]*\\b${name}\\b[^\\n]*\\.$`));
  });

  test('a wrong secret is not repeated in the sentence', () => {
    expect(() => readConfig({ ...stripe, STRIPE_SECRET_KEY: 'pk_test_mistake' })).toThrow(/^(?!.*mistake)/);
  });
});
