import { createHmac, hkdfSync, randomBytes } from 'node:crypto';

/** Which kind of key: `pk`, the platform's, or `ak`, an agency's. */
const keyPrefixes = { platform: 'baisa_pk_', agency: 'baisa_ak_' } as const;

export type ApiKeyRole = keyof typeof keyPrefixes;

/** A new key: its prefix and 256 random bits in base64url. */
export const newApiKey = (role: ApiKeyRole): string => `${keyPrefixes[role]}${randomBytes(32).toString('base64url')}`;

/** What may be shown of a key later: its prefix and its last four characters. */
export const hintOf = (key: string): string => {
  const prefix = Object.values(keyPrefixes).find((known) => key.startsWith(known)) ?? '';
  return `${prefix}...${key.slice(-4)}`;
};

/** 32 bytes for one purpose, so that no two uses of the encryption key share one. */
const derive = (encryptionKey: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', encryptionKey, '', `baisa ${purpose}`, 32));

/**
 * Hashes keys for storage. Keyed, so that a copy of the database alone cannot test guesses; not slow, for a key of 256
 * random bits has no guesses worth making. Keys are found by their hash: no comparison of secrets happens here.
 */
export type ApiKeyHasher = (key: string) => string;

export function apiKeyHasher(encryptionKey: string): ApiKeyHasher {
  const hashKey = derive(encryptionKey, 'api key hash');
  return (key) => createHmac('sha256', hashKey).update(key).digest('base64url');
}

/** Tells one encryption key from another without telling anything of it. */
export const fingerprintOf = (encryptionKey: string): string =>
  derive(encryptionKey, 'encryption key fingerprint').toString('base64url');

/** Signs a text for one purpose. The same for the same encryption key, so that every replica and every start agree. */
export type Signer = (text: string) => string;

export function signerOf(encryptionKey: string, purpose: string): Signer {
  const key = derive(encryptionKey, purpose);
  return (text) => createHmac('sha256', key).update(text).digest('base64url');
}
