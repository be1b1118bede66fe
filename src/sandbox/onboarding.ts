import type Stripe from 'stripe';
import { type OnboardingOutcome, onboard } from './account-standing.ts';
import { loadAccount } from './api/accounts.ts';
import type { Call, Transactions } from './call.ts';
import type { OnboardingLink } from './document-types.ts';

export interface Visit {
  readonly link: OnboardingLink;
  readonly account: Stripe.Account;
}

/** Where a link that can no longer be used sends its visitor. */
export interface Elsewhere {
  readonly redirect: string;
}

/** The hosted onboarding that account links lead to. Every link is good for one visit, and that for one answer. */
export class Onboarding {
  readonly #transactions: Transactions;
  readonly #platformId: string;

  constructor(setting: { transactions: Transactions; platformId: string }) {
    this.#transactions = setting.transactions;
    this.#platformId = setting.platformId;
  }

  /** Uses the link up. Throws 404 for a token that no link has. */
  visit(token: string): Promise<Visit | Elsewhere> {
    return this.#transactions.run(this.#platformId, null, async (call) => {
      const link = await call.store.lock('onboarding_link', token, 'link');
      if (link.visited || !(await usable(call, link))) return { redirect: link.refreshUrl };
      call.store.save('onboarding_link', { ...link, visited: true });
      return { link, account: await loadAccount(call, link.accountId) };
    });
  }

  /** Ends the visit; a script may end one without having begun it. Throws 404 for a token that no link has. */
  leave(token: string, outcome: OnboardingOutcome): Promise<Elsewhere> {
    return this.#transactions.run(this.#platformId, null, async (call) => {
      const link = await call.store.lock('onboarding_link', token, 'link');
      // Who began in time may finish later: only the link is short-lived, not the visit.
      if (link.finished || (!link.visited && !(await usable(call, link)))) return { redirect: link.refreshUrl };
      call.store.save('onboarding_link', { ...link, visited: true, finished: true });
      await onboard(call.on(await loadAccount(call, link.accountId)), outcome);
      return { redirect: link.returnUrl };
    });
  }
}

async function usable(call: Call, link: OnboardingLink): Promise<boolean> {
  const connection = await call.store.find('connection', link.accountId);
  return link.expiresAt > call.nowSeconds && connection?.authorized === true;
}
