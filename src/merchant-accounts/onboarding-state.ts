import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { AccessRefusal } from '../tenancy/access-refusal.ts';
import type { Signer } from '../tenancy/api-key.ts';

/** How long the addresses that a provider sends an owner back to may be followed. The provider's own links last minutes. */
const stateLifetimeMs = 7 * 86_400_000;

const stateSchema = z.strictObject({ agencyId: z.string(), accountId: z.string(), expires: z.number() });

export interface OnboardingState {
  readonly agencyId: string;
  /** Our own id of the account. */
  readonly accountId: string;
}

/**
 * What names an account in the addresses that its owner's browser comes back to. It gives no access to anything: it only says which
 * account to look at, and is signed so that nobody else can make us look, or mint links, for an account of theirs to name.
 */
export interface OnboardingStates {
  issue(state: OnboardingState): string;
  /** Throws `AccessRefusal` 403 `state_forged` or `state_expired`. */
  read(text: string): OnboardingState;
}

export function createOnboardingStates({
  clock,
  sign,
}: {
  readonly clock: Clock;
  readonly sign: Signer;
}): OnboardingStates {
  return {
    issue: (state) => {
      const expires = clock.now().getTime() + stateLifetimeMs;
      const body = Buffer.from(JSON.stringify({ ...state, expires })).toString('base64url');
      return `${body}.${sign(body)}`;
    },
    read: (text) => {
      const [body = '', signature = ''] = text.split('.');
      if (!isEqual(sign(body), signature)) throw refused('state_forged', 'This link was not made here.');
      const state = stateSchema.parse(JSON.parse(Buffer.from(body, 'base64url').toString('utf8')));
      if (state.expires <= clock.now().getTime()) {
        throw refused('state_expired', 'This link has expired: ask for a new one where you started.');
      }
      return { agencyId: state.agencyId, accountId: state.accountId };
    },
  };
}

const isEqual = (expected: string, given: string): boolean => {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
};

/** Nobody is known here: the browser of an owner carries no key. */
const refused = (code: string, message: string): AccessRefusal =>
  new AccessRefusal(
    { actor: { role: 'public', id: 'browser' }, agencyId: null, subject: 'onboarding_state' },
    403,
    code,
    message,
  );
