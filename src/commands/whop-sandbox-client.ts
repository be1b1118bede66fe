import { z } from 'zod';
import { Unreachable } from './api-client.ts';

const payAnswer = z.object({
  paymentId: z.string().nullable(),
  status: z.enum(['paid', 'declined']),
  redirect: z.string().optional(),
  error: z.string().optional(),
});
export type WhopPayAnswer = z.output<typeof payAnswer>;

const reversalAnswer = z.object({ id: z.string(), status: z.string(), amount: z.number() });
/** A refund or a dispute: its amount is in major units, with the tax that Whop added. */
export type WhopReversal = z.output<typeof reversalAnswer>;

const accessAnswer = z.object({ apiKey: z.string(), companyId: z.string(), apiBase: z.string() });
const companyAnswer = z.object({ id: z.string(), apiKey: z.string() });
const deliveriesAnswer = z.object({
  data: z.array(z.object({ eventId: z.string(), type: z.string(), status: z.string(), attempts: z.number() })),
});

/** The local Whop of a sandbox, as its buyers, owners and a test see it. */
export interface WhopSandboxClient {
  /** `tax` is what Whop adds on top, in major units, e.g. `0.25`. */
  pay(checkoutId: string, payment: { readonly card: string; readonly tax?: string }): Promise<WhopPayAnswer>;
  /** The card that a membership is charged to from now on. */
  setCard(membershipId: string, card: string): Promise<void>;
  /** Somebody gives back in Whop's dashboard: all that is left, unless said. */
  refundInDashboard(
    paymentId: string,
    refund?: { readonly amount?: number; readonly status?: 'succeeded' | 'pending' },
  ): Promise<WhopReversal>;
  settleRefund(refundId: string, status: 'succeeded' | 'failed' | 'canceled'): Promise<WhopReversal>;
  /** The client's bank disputes a payment. */
  dispute(
    paymentId: string,
    dispute: { readonly kind: 'inquiry' | 'chargeback'; readonly amount?: number },
  ): Promise<WhopReversal>;
  moveDispute(disputeId: string, move: 'escalate' | 'review' | 'win' | 'lose' | 'close'): Promise<WhopReversal>;
  /** A company that is not under the platform's, with a key of its own. */
  company(title: string): Promise<z.output<typeof companyAnswer>>;
  onboard(accountId: string, outcome: 'complete' | 'unfinished' | 'refuse'): Promise<void>;
  /** Replaces all faults; `{}` clears them. */
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  /** Newest first. */
  deliveries(): Promise<z.output<typeof deliveriesAnswer>['data']>;
  access(): Promise<z.output<typeof accessAnswer>>;
}

export function createWhopSandboxClient(sandboxUrl: string): WhopSandboxClient {
  const base = `${sandboxUrl.replace(/\/+$/, '')}/sandbox/whop`;
  const request = async <Schema extends z.ZodType>(
    method: string,
    path: string,
    schema: Schema,
    body?: object,
  ): Promise<z.output<Schema>> => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new Unreachable(base, error);
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return schema.parse(await response.json());
  };
  return {
    pay: (checkoutId, payment) => request('POST', `/checkouts/${checkoutId}/pay`, payAnswer, payment),
    setCard: async (membershipId, card) => {
      await request('PUT', `/memberships/${membershipId}/card`, z.unknown(), { card });
    },
    refundInDashboard: (paymentId, refund = {}) =>
      request('POST', `/payments/${paymentId}/refund`, reversalAnswer, refund),
    settleRefund: (refundId, status) => request('PUT', `/refunds/${refundId}`, reversalAnswer, { status }),
    dispute: (paymentId, dispute) => request('POST', `/payments/${paymentId}/dispute`, reversalAnswer, dispute),
    moveDispute: (disputeId, move) => request('POST', `/disputes/${disputeId}`, reversalAnswer, { move }),
    company: (title) => request('POST', '/companies', companyAnswer, { title, country: 'OM' }),
    onboard: async (accountId, outcome) => {
      await request('POST', `/accounts/${accountId}/onboarding`, z.unknown(), { outcome });
    },
    setFaults: async (faults) => {
      await request('PUT', '/faults', z.unknown(), faults);
    },
    deliveries: async () => (await request('GET', '/deliveries', deliveriesAnswer)).data,
    access: () => request('GET', '/access', accessAnswer),
  };
}

/** Whop's id of the checkout that a pay address leads to. */
export function whopCheckoutOf(payUrl: string | null): string {
  const id = /\/whop\/pay\/(ch_\w+)$/.exec(payUrl ?? '')?.[1];
  if (id === undefined) throw new Error(`not the address of a sandbox's Whop checkout: ${payUrl}`);
  return id;
}
