import { isIP } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { Agent, request } from 'undici';
import { errorMessage } from '../errors.ts';
import { isPublicAddress, PrivateAddress, publicLookup, type ResolveAll } from './address.ts';

const timeoutMs = 10_000;
/** Enough to keep a connection usable; nobody reads it. */
const answerBytesMax = 1_024;

export interface Message {
  readonly id: string;
  readonly url: string;
  /** As it is sent and signed. */
  readonly body: string;
  /** The current secret first. */
  readonly secrets: readonly string[];
  readonly sentAt: Date;
}

export interface Sent {
  /** Null where there was no answer. */
  readonly status: number | null;
  /** Null where it was taken: any 2xx. */
  readonly error: string | null;
}

export interface Sender {
  send(message: Message): Promise<Sent>;
  close(): Promise<void>;
}

export interface SenderOptions {
  /** For development: receivers on this machine and in private networks, over plain HTTP too. */
  readonly allowPrivateAddresses: boolean;
  readonly resolve: ResolveAll;
}

/** Signed by the Standard Webhooks scheme (standardwebhooks.com): one signature for each secret, beside each other. */
export function signedHeaders({ id, body, secrets, sentAt }: Message): Record<string, string> {
  return {
    'content-type': 'application/json',
    'user-agent': 'Baisa-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, sentAt, body)).join(' '),
  };
}

/**
 * Sends messages to agencies' addresses, which are theirs to choose and so never to be trusted: each connection goes to an address that
 * was checked for it, no redirect is followed, and little of the answer is read.
 */
export function createSender({ allowPrivateAddresses, resolve }: SenderOptions): Sender {
  const agent = new Agent({
    connect: { timeout: timeoutMs, ...(allowPrivateAddresses ? {} : { lookup: publicLookup(resolve) }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    // A connection that is kept is an address that was checked long ago.
    pipelining: 0,
  });
  return {
    send: async (message) => {
      const { hostname, protocol } = new URL(message.url);
      const host = hostname.replace(/^\[(.*)\]$/, '$1');
      try {
        if (!allowPrivateAddresses) {
          if (protocol !== 'https:') return { status: null, error: 'only https addresses are called' };
          // An address in a name's place is connected to without a look-up.
          if (isIP(host) && !isPublicAddress(host)) throw new PrivateAddress(host);
        }
        const { statusCode, body } = await request(message.url, {
          method: 'POST',
          body: message.body,
          headers: signedHeaders(message),
          dispatcher: agent,
          signal: AbortSignal.timeout(timeoutMs),
        });
        await body.dump({ limit: answerBytesMax }).catch(() => undefined);
        const taken = statusCode >= 200 && statusCode < 300;
        return { status: statusCode, error: taken ? null : `answered ${statusCode}` };
      } catch (error) {
        return { status: null, error: errorMessage(error) };
      }
    },
    close: () => agent.close(),
  };
}
