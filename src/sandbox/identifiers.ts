import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

const randomText = (length: number): string => {
  let made = '';
  for (const byte of randomBytes(length)) made += alphabet[byte % alphabet.length];
  return made;
};

/** A new id in Stripe's form: prefix and 24 random characters. */
export const newStripeId = (prefix: string): string => `${prefix}_${randomText(24)}`;

/** Checkout sessions carry their mode in the id, and are longer. */
export const newSessionId = (): string => `cs_test_${randomText(58)}`;

export const newWebhookSecret = (): string => `whsec_${randomText(32)}`;

/** In the address of an account link: whoever has it can onboard the account, so it cannot be guessed. */
export const newLinkToken = (): string => randomText(40);
