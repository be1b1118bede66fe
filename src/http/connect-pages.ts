import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import type { AgencyAccounts } from '../merchant-accounts/agency-accounts.ts';
import type { MerchantAccount } from '../merchant-accounts/merchant-account.ts';
import type { Admission } from './admission.ts';
import { escaped, page, pagePolicy } from './page.ts';
import { stateOf } from './request-state.ts';

export interface ConnectPageDependencies {
  readonly agencyAccounts: Pick<AgencyAccounts, 'returned' | 'refreshed'>;
  readonly admission: Pick<Admission, 'note'>;
  readonly log: Logger;
}

const stateIn = (query: unknown): string =>
  z.object({ state: z.string().max(2_000) }).safeParse(query).data?.state ?? '';

const titles: Readonly<Record<MerchantAccount['status'], string>> = {
  active: 'Your account is connected',
  onboarding: 'Your account is not ready yet',
  restricted: 'Your account needs attention',
  disconnected: 'Your account is not connected',
};

const leads: Readonly<Record<MerchantAccount['status'], string>> = {
  active: 'It can take payments. Your plans are being published to it now. You can close this page.',
  onboarding: 'The payment provider still needs some details before you can take payments.',
  restricted: 'The payment provider holds payments back until it has what it asks for.',
  disconnected: 'It no longer gives us access. Connect it again where you manage your accounts.',
};

function bodyOf(account: MerchantAccount, onboardingUrl: string | null): string {
  const due = [...new Set([...account.requirements.pastDue, ...account.requirements.currentlyDue])];
  const list =
    due.length === 0
      ? ''
      : `<p>Still asked for:</p><ul>${due.map((name) => `<li>${escaped(name)}</li>`).join('')}</ul>`;
  const deadline = account.requirements.deadline
    ? `<p>By ${escaped(account.requirements.deadline.toISOString().slice(0, 10))}.</p>`
    : '';
  const notice = account.effectiveReason ? `<p>${escaped(account.effectiveReason)}</p>` : '';
  const link = onboardingUrl ? `<p><a href="${escaped(onboardingUrl)}">Continue with the payment provider</a></p>` : '';
  return `<p>${leads[account.status]}</p>${list}${deadline}${notice}${link}`;
}

/**
 * Where the provider sends an account's owner back to. `return` looks the account up, for coming back proves nothing; `refresh` leads on by
 * a new link, for the one that was followed is used or too old.
 */
export function createConnectPages({ agencyAccounts, admission, log }: ConnectPageDependencies): Router {
  const router = Router({ caseSensitive: true });
  const shown =
    (route: string, answer: (request: Request, response: Response) => Promise<void>): RequestHandler =>
    async (request, response) => {
      stateOf(request, log).route = route;
      response.set({
        'Content-Security-Policy': pagePolicy,
        // The address carries the state: nobody else is told of it.
        'Referrer-Policy': 'no-referrer',
        'Cache-Control': 'no-store',
      });
      try {
        await answer(request, response);
      } catch (error) {
        if (!(error instanceof AppError) || error.status >= 500) throw error;
        admission.note({ route: `GET ${route}`, scope: undefined, input: { params: {}, query: {}, body: {} } }, error);
        response
          .status(error.status)
          .type('html')
          .send(
            page('This link cannot be used', `<p>${escaped(error.message)}</p><p><small>${error.code}</small></p>`),
          );
      }
    };

  router.get(
    '/connect/return',
    shown('/connect/return', async (request, response) => {
      const { account, onboardingUrl } = await agencyAccounts.returned(stateIn(request.query));
      response.type('html').send(page(titles[account.status], bodyOf(account, onboardingUrl)));
    }),
  );
  router.get(
    '/connect/refresh',
    shown('/connect/refresh', async (request, response) => {
      response.redirect(303, await agencyAccounts.refreshed(stateIn(request.query)));
    }),
  );
  return router;
}
