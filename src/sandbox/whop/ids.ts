import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const randomText = (length: number): string => {
  let made = '';
  for (const byte of randomBytes(length)) made += alphabet[byte % alphabet.length];
  return made;
};

/** A new id in Whop's form: prefix and 14 random characters. */
export const newWhopId = (prefix: string): string => `${prefix}_${randomText(14)}`;

/** In the address of an onboarding link: it cannot be guessed. */
export const newLinkToken = (): string => randomText(40);

export const newApiKey = (): string => `apik_sandbox_${randomText(40)}`;

/** The form of Whop's own: hexadecimal, and no base64. */
export const newWebhookSecret = (): string => `ws_${randomBytes(32).toString('hex')}`;
