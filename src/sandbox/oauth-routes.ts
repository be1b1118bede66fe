import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { z } from 'zod';
import { keyOf } from './authentication.ts';
import type { Transactions } from './call.ts';
import { clientIdOf, deauthorize, requireConnected } from './connections.ts';
import { asFailure, StripeFailure } from './failure.ts';
import { parseForm } from './form.ts';

const deauthorizeSchema = z.object({ client_id: z.string(), stripe_user_id: z.string() });

export interface OAuthSetting {
  readonly secretKey: string;
  readonly platformId: string;
  readonly transactions: Transactions;
}

/** OAuth refuses in its own form (docs.stripe.com/connect/oauth-reference): the error is text, not an object. */
const refuse = (response: Response, status: number, error: string, description: string): void => {
  response.status(status).json({ error, error_description: description });
};

/** The one OAuth call that a platform without OAuth onboarding needs: it gives an account's access up. */
export function oauthRoutes({ secretKey, platformId, transactions }: OAuthSetting): Router {
  const router = express.Router();
  router.use('/oauth', express.text({ type: () => true, limit: '16kb' }));
  router.post('/oauth/deauthorize', async (request, response) => {
    if (keyOf(request) !== secretKey) return refuse(response, 401, 'invalid_client', 'No such API key.');
    const body: unknown = request.body;
    const asked = deauthorizeSchema.safeParse(parseForm(typeof body === 'string' ? body : ''));
    if (!asked.success) return refuse(response, 400, 'invalid_request', 'client_id and stripe_user_id are required.');
    const { client_id: clientId, stripe_user_id: accountId } = asked.data;
    if (clientId !== clientIdOf(platformId)) {
      return refuse(response, 401, 'invalid_client', `No such application: '${clientId}'.`);
    }
    try {
      await transactions.run(accountId, null, async (call) => {
        await requireConnected(call, accountId);
        await deauthorize(call);
      });
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error;
      const description = `This application is not connected to account '${accountId}', or it does not exist.`;
      return refuse(response, 401, 'invalid_client', description);
    }
    response.json({ stripe_user_id: accountId });
  });
  router.use('/oauth', (error: unknown, _request: Request, response: Response, next: NextFunction) => {
    const failure = asFailure(error);
    if (!failure) return next(error);
    refuse(response, failure.status, 'invalid_request', failure.message);
  });
  return router;
}
