/**
 * The keys that our objects carry at a provider. Objects without them are the merchant's other business and out of scope.
 */
export const metadataKeys = {
  order: 'baisa_order',
  customer: 'baisa_customer',
  agency: 'baisa_agency',
  merchantAccount: 'baisa_merchant_account',
  plan: 'baisa_plan',
  version: 'baisa_version',
  subscription: 'baisa_subscription',
  /** Our id of a session in which a client subscribes. */
  subscriptionCheckout: 'baisa_subscription_checkout',
  subscriptionChange: 'baisa_subscription_change',
  fingerprint: 'baisa_fingerprint',
  /** Our id of a hold, of a session that saves a card. */
  hold: 'baisa_hold',
  setup: 'baisa_setup',
  /** Our id of a refund. */
  refund: 'baisa_refund',
  /** What a payment is for, where it is not a sale, e.g. `verification`. */
  purpose: 'baisa_purpose',
} as const;

/** What every lookup key of ours starts with. */
export const lookupKeyPrefix = 'baisa:';

/** What the names that we choose ourselves start with: ids of products, event names of meters, keys of metadata. */
export const ownNamePrefix = 'baisa_';

interface Marked {
  readonly metadata: Readonly<Record<string, string>>;
}

/** Chosen names and metadata are two marks, so that an edit at the provider's console which removes one is still seen. */
export const isOwnProduct = ({ id, metadata }: Marked & { readonly id: string }): boolean =>
  id.startsWith(ownNamePrefix) || metadataKeys.plan in metadata;

/** Also what somebody else put on a product of ours. */
export const isOwnPrice = (
  price: Marked & { readonly lookupKey: string | null; readonly productId: string },
): boolean =>
  price.lookupKey?.startsWith(lookupKeyPrefix) === true ||
  isOwnProduct({ id: price.productId, metadata: price.metadata });

export const isOwnTaxRate = ({ metadata }: Marked): boolean =>
  Object.keys(metadata).some((key) => key.startsWith(ownNamePrefix));

export const isOwnMeter = ({ eventName }: { readonly eventName: string }): boolean =>
  eventName.startsWith(ownNamePrefix);
