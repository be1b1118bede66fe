import { z } from 'zod';
import { Unreachable } from './api-client.ts';

/** How a session is paid; see the sandbox's README. */
export interface SandboxPayment {
  readonly card?: string;
  readonly authenticate?: 'complete' | 'fail';
  readonly bank_debit?: 'succeed' | 'fail';
  /** Where nothing is due and no card is asked for. */
  readonly confirm?: 'yes';
}

export const cards = {
  visa: '4242424242424242',
  mastercard: '5555555555554444',
  declined: '4000000000000002',
  challenged: '4000002760003184',
  insufficientFunds: '4000000000009995',
  refundsPend: '4000000000007726',
  refundsFail: '4000000000005126',
  chargedBack: '4000000000000259',
  inquired: '4000000000001976',
} as const;

const paymentAnswer = z.object({
  status: z.string(),
  paymentStatus: z.string(),
  error: z.object({ code: z.string(), declineCode: z.string().nullable() }).optional(),
});
export type SandboxPaymentAnswer = z.output<typeof paymentAnswer>;

const challengeAnswer = z.object({ status: z.string(), redirect: z.string().optional() });
export type SandboxChallengeAnswer = z.output<typeof challengeAnswer>;

const reversalAnswer = z.object({ id: z.string(), status: z.string(), amount: z.number(), currency: z.string() });
/** A refund or a dispute: its amount is in minor units. */
export type SandboxReversal = z.output<typeof reversalAnswer>;

/** How refunds go from now on; see the sandbox's README. */
export type SandboxRefundOutcome = 'succeed' | 'pending' | 'fail' | 'fail_after_success' | 'requires_action';

export interface SandboxDispute {
  readonly kind: 'inquiry' | 'chargeback';
  /** Minor units; all that is not refunded unless given. */
  readonly amount?: number;
  readonly reason?: string;
}

export type SandboxDisputeMove = 'escalate' | 'review' | 'review_inquiry' | 'win' | 'lose' | 'close_inquiry';
export interface SandboxInvoicePayment {
  readonly card?: string;
  readonly authenticate?: 'complete' | 'fail';
}

const invoiceAnswer = z.object({
  status: z.string(),
  nextAction: z.literal('authenticate').optional(),
  error: z.object({ code: z.string().optional(), declineCode: z.string().nullable() }).optional(),
});
export type SandboxInvoiceAnswer = z.output<typeof invoiceAnswer>;

const refusalSchema = z.object({ error: z.object({ message: z.string().optional(), code: z.string().optional() }) });

const deliveriesSchema = z.object({
  inFlight: z.number(),
  counts: z.record(z.string(), z.number()),
  data: z.array(z.object({ eventId: z.string(), type: z.string(), status: z.string(), attempts: z.number() })),
});
export type SandboxDeliveries = z.output<typeof deliveriesSchema>;

const accountState = z.object({
  id: z.string(),
  chargesEnabled: z.boolean(),
  payoutsEnabled: z.boolean(),
  detailsSubmitted: z.boolean(),
  currentlyDue: z.array(z.string()),
  disabledReason: z.string().nullable(),
});
export type SandboxAccountState = z.output<typeof accountState>;

/** How the onboarding of a connected account ends. */
export type SandboxOnboarding = 'complete' | 'unfinished' | 'refuse';

export interface SandboxRestriction {
  /** What the provider asks for, e.g. `company.verification.document`. */
  readonly currentlyDue: readonly string[];
  readonly deadline?: Date;
  /** `requirements.past_due` unless given. */
  readonly reason?: string;
}

const accessSchema = z.object({ secretKey: z.string(), accountId: z.string(), clientId: z.string() });
export type SandboxAccess = z.output<typeof accessSchema>;

/** A refusal of the sandbox, e.g. `checkout_session_not_open` for a session that is complete. */
export class SandboxRefusal extends Error {
  readonly code: string | undefined;

  constructor(call: string, status: number, refusal: { readonly code?: string | undefined; readonly message: string }) {
    super(`${call} answered ${status}: ${refusal.message}`);
    this.name = 'SandboxRefusal';
    this.code = refusal.code;
  }
}

export interface SandboxClient {
  readonly url: string;
  pay(sessionId: string, payment: SandboxPayment): Promise<SandboxPaymentAnswer>;
  settle(sessionId: string, outcome: 'succeed' | 'fail'): Promise<SandboxPaymentAnswer>;
  /** Makes a saved card (by payment method or fingerprint) do something else; null: what its number does. */
  setCard(id: string, outcome: string | null): Promise<void>;
  /** Answers the bank's question about an intent that no session leads. */
  authenticate(intentId: string, answer: 'complete' | 'fail'): Promise<SandboxChallengeAnswer>;
  /** Ends a connected account's onboarding as its owner would on the hosted page. */
  onboard(accountId: string, outcome: SandboxOnboarding): Promise<SandboxAccountState>;
  /** The provider turns the account's charges and payouts off until it has what it asks for. */
  restrict(accountId: string, restriction: SandboxRestriction): Promise<SandboxAccountState>;
  /** The provider turns everything on. */
  enable(accountId: string): Promise<SandboxAccountState>;
  /** The account's owner ends the platform's access, or gives it back under the same id. */
  deauthorize(accountId: string): Promise<void>;
  authorize(accountId: string): Promise<void>;
  /** A refund made in the provider's dashboard: it names nothing of ours. Minor units; all that is left unless given. */
  refundInDashboard(paymentId: string, refund?: { readonly amount?: number }): Promise<SandboxReversal>;
  /** Makes every refund from now on go another way; null: as the card's number has it. */
  setRefunds(outcome: SandboxRefundOutcome | null): Promise<void>;
  /** A refund that is pending ends; one that succeeded fails after all. */
  settleRefund(refundId: string, outcome: 'succeed' | 'fail'): Promise<SandboxReversal>;
  /** The client's bank disputes a payment. */
  dispute(paymentId: string, dispute: SandboxDispute): Promise<SandboxReversal>;
  /** Moves a dispute on; `reinstatedAmount` is what comes back where that is not all, or not nothing. */
  moveDispute(disputeId: string, move: SandboxDisputeMove, reinstatedAmount?: number): Promise<SandboxReversal>;
  /** A payment by a delayed method that had succeeded fails. */
  failPayment(paymentId: string): Promise<void>;
  /** Replaces all faults; `{}` clears them. */
  setFaults(faults: Readonly<Record<string, unknown>>): Promise<void>;
  /** Moves the clock of both sides, e.g. `1d`; resolves when everything that fell due is done. */
  advanceClock(by: string): Promise<Date>;
  /** As `advanceClock`, to a moment: months and years have no fixed length. */
  moveClock(to: Date): Promise<Date>;
  now(): Promise<Date>;
  /** Pays an open invoice as its customer does on the hosted page, or answers their bank there. */
  payInvoice(invoiceId: string, payment: SandboxInvoicePayment): Promise<SandboxInvoiceAnswer>;
  /** What becomes of a subscription after the last retry of a renewal. */
  setAfterRetries(afterRetries: 'cancel' | 'unpaid' | 'past_due'): Promise<void>;
  deliveries(): Promise<SandboxDeliveries>;
  /** The key of the provider's API that the sandbox speaks, and the account it belongs to. */
  access(): Promise<SandboxAccess>;
  /** Reads the provider's own API: what it says happened, whatever the service says. */
  provider<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>>;
}

/** A client of the sandbox's own routes, and of the provider's API that it speaks. */
export function createSandboxClient(url: string): SandboxClient {
  const base = url.replace(/\/+$/, '');
  const request = async <Schema extends z.ZodType>(
    method: string,
    path: string,
    schema: Schema,
    options: { readonly body?: unknown; readonly key?: string } = {},
  ): Promise<z.output<Schema>> => {
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }),
        },
        ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      });
    } catch (error) {
      throw new Unreachable(base, error);
    }
    const text = await response.text();
    const body: unknown = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null;
    if (!response.ok) {
      const refusal = refusalSchema.safeParse(body).data?.error;
      const message = refusal?.message ?? text;
      throw new SandboxRefusal(`${method} ${path}`, response.status, { code: refusal?.code, message });
    }
    return schema.parse(body);
  };

  let known: Promise<SandboxAccess> | undefined;
  const access = (): Promise<SandboxAccess> => {
    known ??= request('GET', '/sandbox/access', accessSchema);
    return known;
  };
  const clock = z.object({ now: z.iso.datetime() });

  return {
    url: base,
    pay: (sessionId, payment) =>
      request('POST', `/sandbox/sessions/${sessionId}/pay`, paymentAnswer, { body: payment }),
    settle: (sessionId, outcome) =>
      request('POST', `/sandbox/sessions/${sessionId}/settle`, paymentAnswer, { body: { outcome } }),
    setCard: async (id, outcome) => {
      await request('PUT', `/sandbox/cards/${id}`, z.unknown(), { body: { outcome } });
    },
    authenticate: (intentId, answer) =>
      request('POST', `/sandbox/intents/${intentId}/authenticate`, challengeAnswer, { body: { authenticate: answer } }),
    onboard: (accountId, outcome) =>
      request('POST', `/sandbox/accounts/${accountId}/onboarding`, accountState, { body: { outcome } }),
    restrict: (accountId, restriction) =>
      request('POST', `/sandbox/accounts/${accountId}/restrict`, accountState, { body: restriction }),
    enable: (accountId) => request('POST', `/sandbox/accounts/${accountId}/enable`, accountState),
    deauthorize: async (accountId) => {
      await request('POST', `/sandbox/accounts/${accountId}/deauthorize`, z.unknown());
    },
    authorize: async (accountId) => {
      await request('POST', `/sandbox/accounts/${accountId}/authorize`, z.unknown());
    },
    refundInDashboard: (paymentId, refund = {}) =>
      request('POST', `/sandbox/payments/${paymentId}/refund`, reversalAnswer, { body: refund }),
    setRefunds: async (outcome) => {
      await request('PUT', '/sandbox/refunds', z.unknown(), { body: { outcome } });
    },
    settleRefund: (refundId, outcome) =>
      request('POST', `/sandbox/refunds/${refundId}/settle`, reversalAnswer, { body: { outcome } }),
    dispute: (paymentId, dispute) =>
      request('POST', '/sandbox/disputes', reversalAnswer, { body: { payment: paymentId, ...dispute } }),
    moveDispute: (disputeId, move, reinstatedAmount) =>
      request('POST', `/sandbox/disputes/${disputeId}`, reversalAnswer, { body: { move, reinstatedAmount } }),
    failPayment: async (paymentId) => {
      await request('POST', `/sandbox/payments/${paymentId}/fail`, z.unknown(), { body: {} });
    },
    setFaults: async (faults) => {
      await request('PUT', '/sandbox/faults', z.unknown(), { body: faults });
    },
    advanceClock: async (by) =>
      new Date((await request('POST', '/sandbox/clock', clock, { body: { advance: by } })).now),
    moveClock: async (to) =>
      new Date((await request('POST', '/sandbox/clock', clock, { body: { to: to.toISOString() } })).now),
    payInvoice: (invoiceId, payment) =>
      request('POST', `/sandbox/invoices/${invoiceId}/pay`, invoiceAnswer, { body: payment }),
    setAfterRetries: async (afterRetries) => {
      await request('PUT', '/sandbox/billing', z.unknown(), { body: { afterRetries } });
    },
    now: async () => new Date((await request('GET', '/sandbox/clock', clock)).now),
    deliveries: () => request('GET', '/sandbox/deliveries', deliveriesSchema),
    access,
    provider: async (path, schema) => request('GET', path, schema, { key: (await access()).secretKey }),
  };
}

/** The provider's id of the session that a pay address leads to. */
export function providerSessionOf(payUrl: string | null): string {
  const id = /\/pay\/(cs_\w+)$/.exec(payUrl ?? '')?.[1];
  if (id === undefined) throw new Error(`not the address of a sandbox's pay page: ${payUrl}`);
  return id;
}
