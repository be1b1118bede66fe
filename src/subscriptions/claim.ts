import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { type AppError, conflict } from '../errors.ts';
import { ProviderError, type ProviderErrorKind } from '../providers/errors.ts';
import { callTimeoutMsDefault } from '../providers/operation.ts';
import { claimCheckout, releaseClaim, type SubscriptionCheckout } from './checkout.store.ts';

/** As long as a call and its quick repetitions can take. */
const claimMs = 3 * callTimeoutMsDefault;

/** What leaves open whether the provider made what it was asked for. */
const doubtful: ReadonlySet<ProviderErrorKind> = new Set<ProviderErrorKind>([
  'indeterminate',
  'unavailable',
  'rate_limited',
]);

export const underWay = (): AppError =>
  conflict(
    'subscription_under_way',
    'The client is being subscribed by another request, or its answer was lost: try again in a few minutes.',
  );

/**
 * Asks the provider for what a checkout is to become, and lets nothing take the checkout's place meanwhile. The same checkout may be
 * asked for twice at once, for the call has one key. A claim whose call is in doubt stands until its time is over. Throws 409
 * `checkout_ended` for one that is not open any more, and what `call` throws.
 */
export async function underClaim<T>(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  checkout: SubscriptionCheckout,
  call: () => Promise<T>,
): Promise<T> {
  const now = clock.now();
  const until = new Date(now.getTime() + claimMs);
  if (!(await claimCheckout(database.pool, checkout, until, now))) {
    throw conflict('checkout_ended', 'Another request has taken the place of this one: start again.');
  }
  try {
    return await call();
  } catch (error) {
    const isInDoubt = error instanceof ProviderError && doubtful.has(error.kind);
    if (!isInDoubt) await releaseClaim(database.pool, checkout, until, clock.now());
    throw error;
  }
}
