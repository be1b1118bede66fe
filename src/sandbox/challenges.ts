import type { Pool } from 'pg';
import type Stripe from 'stripe';
import { accountOf } from './account-lookup.ts';
import type { Call, Transactions } from './call.ts';
import { followIntent, lockInvoiceOf } from './invoice-following.ts';
import { lockOwnIntent, lockOwnSetup } from './own-intents.ts';
import { answerChallenge } from './payments.ts';
import { answerSetupChallenge } from './setups.ts';

export type ChallengedIntent = Stripe.PaymentIntent | Stripe.SetupIntent;

export interface ChallengeAnswer {
  readonly status: string;
  /** Where the card's owner goes next; absent where the caller named no place. */
  readonly redirect?: string;
}

const kindOf = (id: string): 'setup_intent' | 'payment_intent' =>
  id.startsWith('seti_') ? 'setup_intent' : 'payment_intent';

/** The bank's question about an intent that no hosted session leads, as its card's owner sees and answers it. */
export class Challenges {
  readonly #pool: Pool;
  readonly #transactions: Transactions;

  constructor(setting: { pool: Pool; transactions: Transactions }) {
    this.#pool = setting.pool;
    this.#transactions = setting.transactions;
  }

  /** Throws 404 for an intent that no account has. */
  async view(id: string): Promise<ChallengedIntent> {
    return this.#on(id, (call): Promise<ChallengedIntent> => call.store.get(kindOf(id), id, 'id'));
  }

  /** Throws 400 for an intent that asks for nothing, and for a session's. */
  async answer(id: string, answer: 'complete' | 'fail'): Promise<ChallengeAnswer> {
    return this.#on(id, async (call) => {
      const invoice = await lockInvoiceOf(call, id);
      const before = await (kindOf(id) === 'setup_intent' ? lockOwnSetup : lockOwnIntent)(call, id);
      const after =
        before.object === 'setup_intent'
          ? await answerSetupChallenge(call, before, answer, id)
          : await answerChallenge(call, before, answer, id);
      if (after.object === 'payment_intent') await followIntent(call, invoice, after);
      const redirect = returnAddress(before, answer);
      return { status: after.status, ...(redirect === null ? {} : { redirect }) };
    });
  }

  async #on<Result>(id: string, work: (call: Call) => Promise<Result>): Promise<Result> {
    return this.#transactions.run(await accountOf(this.#pool, kindOf(id), id), null, work);
  }
}

/** The caller's address with what Stripe adds to it: which intent, its client secret, and how it went. */
function returnAddress(intent: ChallengedIntent, answer: 'complete' | 'fail'): string | null {
  const address = intent.next_action?.redirect_to_url?.return_url ?? null;
  if (address === null) return null;
  const target = new URL(address);
  target.searchParams.set(intent.object, intent.id);
  target.searchParams.set(`${intent.object}_client_secret`, intent.client_secret ?? '');
  target.searchParams.set('redirect_status', answer === 'complete' ? 'succeeded' : 'failed');
  return target.href;
}
