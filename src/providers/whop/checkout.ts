import type Whop from '@whop/sdk';
import { metadataKeys } from '../metadata.ts';
import type { AccountRef, CheckoutPort, HostedSession, TopUpSessionRequest } from '../port.ts';
import { maximumCharge, minimumCharge, toWhopAmount } from './amounts.ts';
import { keptKeys, textMetadata } from './metadata.ts';
import { keyed, pageSize, refused, type WhopCalls } from './whop-calls.ts';
import { isMissing } from './whop-error.ts';

const minuteMs = 60_000;

/** Whop ends no checkout by itself: how long one stays open is ours to say. */
const sessionLifetimeMs = { min: 30 * minuteMs, max: 24 * 60 * minuteMs };

/** Longer titles of inline plans were seen refused. */
const titleLengthMax = 30;

/** What every id of a checkout configuration starts with. */
const idPrefix = 'ch_';

/** Whop's own pages document the fee; the types of the pinned SDK leave it out, and the SDK sends what it is given. */
interface PlanWithFee extends Whop.CheckoutConfigurationCreateParams.Plan {
  readonly application_fee_amount?: number;
}

type Configuration = Pick<
  Whop.CheckoutConfigurationRetrieveResponse,
  'id' | 'purchase_url' | 'metadata' | 'created_at'
>;

const expiryOf = ({ metadata, created_at }: Configuration): Date =>
  new Date(textMetadata(metadata)[keptKeys.expiresAt] ?? created_at);

export const openSession = (configuration: Configuration): HostedSession => ({
  id: configuration.id,
  url: configuration.purchase_url ?? null,
  status: 'open',
  expiresAt: expiryOf(configuration),
  paymentId: null,
});

const titleOf = (description: string): string =>
  description.length <= titleLengthMax ? description : `${description.slice(0, titleLengthMax - 1)}…`;

export interface CheckoutOptions {
  /** Whether an account was connected with a key of its own: from such a one nothing can be taken for the platform. */
  readonly hasOwnKey: (account: AccountRef) => Promise<boolean>;
}

export function createCheckout(calls: WhopCalls, { hasOwnKey }: CheckoutOptions): CheckoutPort {
  const retrieve = async (account: AccountRef, sessionId: string): Promise<Configuration | null> => {
    try {
      return await calls.read(account, (whop) => whop.checkoutConfigurations.retrieve(sessionId));
    } catch (error) {
      // Ending a checkout removes it. What never was one of Whop's is a mistake of the caller.
      if (isMissing(error) && sessionId.startsWith(idPrefix)) return null;
      throw error;
    }
  };

  const paymentOf = async (account: AccountRef, sessionId: string): Promise<string | null> => {
    const query = { company_id: account.id, checkout_configuration_ids: [sessionId], first: pageSize };
    const payments = await calls.list(account, (whop) => whop.payments.list(query));
    return payments.find(({ status }) => status === 'paid')?.id ?? null;
  };

  const retrieveSession: CheckoutPort['retrieveSession'] = async (account, sessionId) => {
    const configuration = await retrieve(account, sessionId);
    const paymentId = await paymentOf(account, sessionId);
    const over = { id: sessionId, url: null, expiresAt: configuration ? expiryOf(configuration) : new Date(0) };
    if (paymentId !== null) return { ...over, status: 'complete', paymentId };
    return configuration ? openSession(configuration) : { ...over, status: 'expired', paymentId: null };
  };

  return {
    minimumCharge,
    maximumCharge,
    sessionLifetimeMs,
    sessionsStayOpen: true,
    retrieveSession,

    // Whop has no customer before somebody has paid: until then, and after, our own id stands for it.
    createCustomer: async (_account, { customerId }) => ({ id: customerId }),
    findCustomer: async (_account, customerId) => ({ id: customerId }),

    async createTopUpSession(account, request, options) {
      const { applicationFee } = request;
      if (applicationFee && (await hasOwnKey(account))) {
        throw refused('application_fee_not_possible', 'from an account that is reached by its own key no fee is taken');
      }
      const params = paramsOf(account, request);
      const made = await calls.write(account, (whop) => whop.checkoutConfigurations.create(params, keyed(options)));
      if (made.plan?.adaptive_pricing_enabled) {
        // Else the payer could pay in another currency than the order's; the inline plan has no parameter for it.
        const { id } = made.plan;
        await calls.write(account, (whop) => whop.plans.update(id, { adaptive_pricing_enabled: false }));
      }
      return openSession(made);
    },

    async findSession(account, _providerCustomerId, orderId) {
      const query = { account_id: account.id, first: pageSize };
      const configurations = await calls.list(account, (whop) => whop.checkoutConfigurations.list(query));
      const found = configurations.find(({ metadata }) => textMetadata(metadata)[metadataKeys.order] === orderId);
      return found ? retrieveSession(account, found.id) : null;
    },

    async expireSession(account, sessionId, options) {
      if (await retrieve(account, sessionId)) {
        try {
          await calls.write(account, (whop) => whop.checkoutConfigurations.delete(sessionId, keyed(options)));
        } catch (error) {
          // Removed a moment ago.
          if (!isMissing(error)) throw error;
        }
      }
      // One that was paid is answered as it is: the caller must see the payment.
      return retrieveSession(account, sessionId);
    },
  };
}

function paramsOf(account: AccountRef, request: TopUpSessionRequest): Whop.CheckoutConfigurationCreateParams {
  const { amount, applicationFee, metadata } = request;
  const plan: PlanWithFee = {
    plan_type: 'one_time',
    release_method: 'buy_now',
    currency: amount.currency.code.toLowerCase(),
    initial_price: toWhopAmount(amount),
    title: titleOf(request.description),
    visibility: 'hidden',
    // A plan that happens to cost the same would be used again, with its stock and its metadata.
    force_create_new_plan: true,
    metadata: { ...metadata },
    ...(applicationFee ? { application_fee_amount: toWhopAmount(applicationFee) } : {}),
  };
  return {
    account_id: account.id,
    mode: 'payment',
    plan,
    // Copied to the payment, which so names its order.
    metadata: { ...metadata, [keptKeys.expiresAt]: request.expiresAt.toISOString() },
    redirect_url: request.successUrl,
  };
}
