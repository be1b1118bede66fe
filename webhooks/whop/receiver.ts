import express, { type Router } from 'express';
import type { Clock } from '../../src/clock.ts';
import type { Arrival, Inbox } from '../../src/delivery/inbox.ts';
import { AppError } from '../../src/errors.ts';
import { readBody } from '../read-body.ts';
import { readWhopEvent, type WhopEvent } from './event.ts';
import { whopTranslatorFor } from './router.ts';
import { isSignedByWhop } from './verify.ts';

/** Largest body taken, in bytes. Whop's own events are far below. */
const bodyBytesMax = 1_048_576;

/** Whose webhook a path is. */
export interface WhopListener {
  /** Whop's id of the account. */
  readonly providerAccountId: string;
  /** The current secret, then a rolled one. */
  readonly secrets: readonly string[];
}

export interface WhopReceiverOptions {
  readonly inbox: Inbox;
  readonly clock: Clock;
  /** Whether the installation moves real money: Whop's events do not say. */
  readonly livemode: boolean;
  /** The account whose own path it is; null for one that is not there or has no webhook. */
  readonly listenerOf: (merchantAccountId: string) => Promise<WhopListener | null>;
  readonly onArrival?: (result: 'stored' | 'duplicate' | 'refused') => void;
  /** Asked once for the route: told the status and the milliseconds of each of its answers. */
  readonly measure?: (route: string) => (status: number, ms: number) => void;
}

/** Each account has a path, and a secret, of its own. */
export const whopWebhookPath = (merchantAccountId: string): string => `/webhooks/whop/${merchantAccountId}`;

const header = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined;

/**
 * The door in for Whop. Answers 200 once the event is committed; 400 for a bad signature or an unreadable body, with nothing stored,
 * and the same for a path that is nobody's. Whop tries four times within a minute and then never again, so that nothing but the
 * commit is waited for.
 */
export function createWhopReceiver(options: WhopReceiverOptions): Router {
  const { inbox, clock } = options;

  const reasonToIgnore = (event: WhopEvent, accountId: string): string | undefined => {
    if (event.account !== null && event.account !== accountId) {
      return 'other_account: told of another account at this account’s path';
    }
    return whopTranslatorFor(event.type) ? undefined : `unhandled_type: ${event.type} is not heard`;
  };

  const refuse = (): never => {
    options.onArrival?.('refused');
    throw new AppError(
      400,
      'invalid_signature',
      'The signature is missing, wrong or too old, or the body is not an event.',
    );
  };

  const receive = async (request: express.Request<{ merchantAccountId: string }>, response: express.Response) => {
    const payload = await readBody(request, bodyBytesMax);
    const listener = await options.listenerOf(request.params.merchantAccountId);
    const id = header(request.headers['webhook-id']);
    const headers = {
      id,
      timestamp: header(request.headers['webhook-timestamp']),
      signature: header(request.headers['webhook-signature']),
    };
    const body = payload.toString('utf8');
    if (!listener || !id || !isSignedByWhop(body, headers, listener.secrets, clock.now())) return refuse();
    const event = readWhopEvent(body);
    if (!event) return refuse();
    const arrival: Arrival = {
      provider: 'whop',
      account: listener.providerAccountId,
      eventId: id,
      type: event.type,
      payload,
      livemode: options.livemode,
      occurredAt: event.occurredAt,
      ignoredBecause: reasonToIgnore(event, listener.providerAccountId),
    };
    options.onArrival?.(await inbox.store(arrival));
    response.status(200).json({ received: true });
  };

  const route = whopWebhookPath(':merchantAccountId');
  const measure = options.measure?.(route);
  const router = express.Router();
  router.post(route, async (request: express.Request<{ merchantAccountId: string }>, response) => {
    const began = performance.now();
    try {
      await receive(request, response);
      measure?.(response.statusCode, performance.now() - began);
    } catch (error) {
      measure?.(error instanceof AppError ? error.status : 500, performance.now() - began);
      throw error;
    }
  });
  return router;
}
