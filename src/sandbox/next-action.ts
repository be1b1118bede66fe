import type { Call } from './call.ts';

/** Where the payer authenticates an intent that no hosted session leads. */
export const challengePath = (intentId: string): string => `/pay/authenticate/${intentId}`;

/** What an intent asks of its payer: to visit the page, where the caller said where they come back to. */
export const challengeAction = (call: Call, intentId: string, returnUrl: string | null) =>
  returnUrl === null
    ? { type: 'use_stripe_sdk' }
    : {
        type: 'redirect_to_url',
        redirect_to_url: { url: `${call.baseUrl}${challengePath(intentId)}`, return_url: returnUrl },
      };
