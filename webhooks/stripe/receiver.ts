import { randomUUID } from 'node:crypto';
import express, { type Router } from 'express';
import type { Logger } from 'pino';
import type Stripe from 'stripe';
import type { Clock } from '../../src/clock.ts';
import type { Arrival, Inbox } from '../../src/delivery/inbox.ts';
import { AppError } from '../../src/errors.ts';
import { readBody } from '../read-body.ts';
import { isNotificationType, type Notification, verifyNotification } from './notification.ts';
import { stripeTranslatorFor } from './router.ts';
import { verifyStripeEvent } from './verify.ts';

/** Largest body taken, in bytes. Stripe's own events are far below. */
const bodyBytesMax = 1_048_576;

export interface StripeReceiverOptions {
  readonly inbox: Inbox;
  readonly clock: Clock;
  /** Secrets of the platform's endpoint; a second one while rolling. */
  readonly platformSecrets: readonly string[];
  /** Secrets of the Connect endpoint, which tells of connected accounts. */
  readonly connectSecrets: readonly string[];
  readonly platformAccountId: string;
  /** Whether events should be of live mode. */
  readonly livemode: boolean;
  /** Whether a provider account is one of ours. */
  readonly knowsAccount: (accountId: string) => Promise<boolean>;
  readonly onArrival?: (result: 'stored' | 'duplicate' | 'refused') => void;
  /** Asked once for each route: told the status and the milliseconds of each of its answers. */
  readonly measure?: (route: string) => (status: number, ms: number) => void;
  readonly log?: Logger;
}

/** An event as the door looks at it, whichever of the two forms it came in. */
interface Heard extends Notification {
  /** Null of a notification: it says nothing more than this. */
  readonly event: Stripe.Event | null;
}

const snapshot = (event: Stripe.Event | null): Heard | null =>
  event && {
    id: event.id,
    type: event.type,
    livemode: event.livemode,
    occurredAt: new Date(event.created * 1000),
    account: event.account,
    event,
  };

const thin = (notification: Notification | null): Heard | null => notification && { ...notification, event: null };

interface Place {
  readonly account: string;
  readonly ignoredBecause?: string | undefined;
}

/**
 * The door in for Stripe. Answers 200 once the event is committed; 400 for a bad signature or an unreadable body, with
 * nothing stored. What is genuine but not for us is stored as ignored and answered 200: a 4xx would make Stripe retry and in
 * the end disable the endpoint.
 */
export function createStripeReceiver(options: StripeReceiverOptions): Router {
  const { inbox, clock, platformAccountId } = options;

  /** The platform's endpoint tells of the platform's own account only. */
  const atPlatform = (event: Heard): Place =>
    event.account === undefined || event.account === platformAccountId
      ? { account: platformAccountId }
      : { account: event.account, ignoredBecause: 'other_account: told of another account at the platform’s endpoint' };

  /** The Connect endpoint must say whose event it is, and it must be an account of ours. */
  const atConnect = async (event: Heard): Promise<Place> => {
    if (event.account === undefined) {
      return { account: platformAccountId, ignoredBecause: 'no_account: told of no account at the Connect endpoint' };
    }
    return (await options.knowsAccount(event.account))
      ? { account: event.account }
      : { account: event.account, ignoredBecause: 'unknown_account: the account is not connected here' };
  };

  const arrivalOf = (event: Heard, payload: Buffer, place: Place): Arrival => ({
    provider: 'stripe',
    account: place.account,
    eventId: event.id,
    type: event.type,
    payload,
    livemode: event.livemode,
    occurredAt: event.occurredAt,
    ignoredBecause: place.ignoredBecause ?? reasonToIgnore(event),
    ...(event.event ? { parsed: event.event } : {}),
  });

  const reasonToIgnore = (event: Heard): string | undefined => {
    if (event.livemode !== options.livemode) return 'wrong_livemode: a test event at a live service, or the reverse';
    const isHeard = event.event ? stripeTranslatorFor(event.type) !== undefined : isNotificationType(event.type);
    if (!isHeard) return `unhandled_type: ${event.type} is not heard`;
    return undefined;
  };

  /** One line for each event, for a person who looks for one; nothing is put together where nobody looks. */
  const note = (response: express.Response, event: Heard, result: string): void => {
    if (!options.log?.isLevelEnabled('debug')) return;
    const requestId = randomUUID();
    response.setHeader('X-Request-Id', requestId);
    options.log.debug({ requestId, eventId: event.id, type: event.type, result }, 'webhook');
  };

  const receive =
    (secrets: readonly string[], placeOf: (event: Heard) => Place | Promise<Place>): express.RequestHandler =>
    async (request, response) => {
      const body = await readBody(request, bodyBytesMax);
      const header = request.headers['stripe-signature'];
      const signature = typeof header === 'string' ? header : undefined;
      const now = clock.now();
      const event =
        snapshot(verifyStripeEvent(body, signature, secrets, now)) ??
        thin(verifyNotification(body, signature, secrets, now));
      if (!event) {
        options.onArrival?.('refused');
        throw new AppError(
          400,
          'invalid_signature',
          'The signature is missing, wrong or too old, or the body is not an event.',
        );
      }
      const stored = await inbox.store(arrivalOf(event, body, await placeOf(event)));
      options.onArrival?.(stored);
      note(response, event, stored);
      response.statusCode = 200;
      response.setHeader('content-type', 'application/json');
      response.end('{"received":true}');
    };

  const measured = (route: string, handle: express.RequestHandler): express.RequestHandler => {
    const measure = options.measure?.(route);
    if (!measure) return handle;
    return async (request, response, next) => {
      const began = performance.now();
      try {
        await handle(request, response, next);
        measure(response.statusCode, performance.now() - began);
      } catch (error) {
        measure(error instanceof AppError ? error.status : 500, performance.now() - began);
        throw error;
      }
    };
  };

  const router = express.Router();
  const routes = [
    ['/webhooks/stripe', receive(options.platformSecrets, atPlatform)],
    ['/webhooks/stripe/connect', receive(options.connectSecrets, atConnect)],
  ] as const;
  for (const [route, handle] of routes) router.post(route, measured(route, handle));
  return router;
}
