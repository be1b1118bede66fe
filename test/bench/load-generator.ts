import { connect, type Socket } from 'node:net';
import { serve } from './children.ts';
import { signedEvents } from './events.ts';
import { type LoadAnswer, loadRequest } from './protocol.ts';

/**
 * Sends webhooks over HTTP from a process of its own, through plain sockets with requests made beforehand: what the generator
 * costs is taken from the service on a small machine. Without a rate: as fast as the connections allow. With one: on a fixed
 * timetable, each latency counted from when the request was due, so that a slow answer cannot hide the wait of those behind it.
 */

/** A keep-alive connection with one request under way at a time. */
class Connection {
  readonly #socket: Socket;
  #answered: ((accepted: boolean) => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    // The service's answers to webhooks are short and arrive whole; the status line is all that counts.
    socket.on('data', (chunk) => this.#settle(chunk.subarray(9, 12).toString('latin1') === '200'));
    socket.on('close', () => this.#settle(false));
    socket.on('error', () => this.#settle(false));
  }

  static open(origin: string): Promise<Connection> {
    const { hostname, port } = new URL(origin);
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => resolve(new Connection(socket)));
      socket.once('error', reject);
    });
  }

  post(request: Buffer): Promise<boolean> {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(accepted: boolean): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(accepted);
  }
}

const requestOf = (host: string, body: string, signature: string): Buffer =>
  Buffer.from(
    `POST /webhooks/stripe HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Stripe-Signature: ${signature}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );

async function flatOut(connections: readonly Connection[], requests: readonly Buffer[]): Promise<number> {
  let next = 0;
  let accepted = 0;
  await Promise.all(
    connections.map(async (connection) => {
      for (let request = requests[next++]; request; request = requests[next++]) {
        if (await connection.post(request)) accepted += 1;
      }
    }),
  );
  return accepted;
}

async function onTimetable(
  connections: readonly Connection[],
  requests: readonly Buffer[],
  perSecond: number,
  latenciesMs: number[],
): Promise<number> {
  const free = [...connections];
  const start = performance.now();
  let accepted = 0;
  let next = 0;
  let answered = 0;
  while (answered < requests.length) {
    const due = Math.min(requests.length, Math.floor(((performance.now() - start) / 1000) * perSecond));
    for (let connection = free.at(-1); connection && next < due; connection = free.at(-1)) {
      const request = requests[next];
      if (!request) break;
      free.pop();
      const dueAt = start + (next / perSecond) * 1000;
      next += 1;
      const used = connection;
      used.post(request).then((ok) => {
        latenciesMs.push(performance.now() - dueAt);
        answered += 1;
        if (ok) accepted += 1;
        free.push(used);
      });
    }
    // A millisecond's rest: spinning would take a whole core from the service.
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
  return accepted;
}

serve(
  (message) => loadRequest.parse(message),
  async ({ origin, series, connections, perSecond }): Promise<LoadAnswer> => {
    const { host } = new URL(origin);
    const requests = signedEvents(series).map(({ body, signature }) => requestOf(host, body, signature));
    const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(origin)));
    const latenciesMs: number[] = [];
    const start = performance.now();
    const accepted =
      perSecond === null
        ? await flatOut(opened, requests)
        : await onTimetable(opened, requests, perSecond, latenciesMs);
    const seconds = (performance.now() - start) / 1000;
    for (const connection of opened) connection.close();
    return { seconds, accepted, latenciesMs };
  },
);
