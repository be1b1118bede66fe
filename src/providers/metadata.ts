/**
 * The keys that our objects carry at a provider. Objects without them are the merchant's other business and out of scope.
 */
export const metadataKeys = {
  order: 'baisa_order',
  customer: 'baisa_customer',
  agency: 'baisa_agency',
  plan: 'baisa_plan',
  version: 'baisa_version',
  fingerprint: 'baisa_fingerprint',
  /** What a payment is for, where it is not a sale, e.g. `verification`. */
  purpose: 'baisa_purpose',
} as const;

/** What every lookup key of ours starts with. */
export const lookupKeyPrefix = 'baisa:';

/** What the names that we choose ourselves start with: ids of products, event names of meters, keys of metadata. */
export const ownNamePrefix = 'baisa_';
