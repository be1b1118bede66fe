import { Client } from 'undici';
import { serve } from './children.ts';
import { type SignedEvent, signedEvents } from './events.ts';
import { type LoadAnswer, loadRequest } from './protocol.ts';

/**
 * Sends webhooks over HTTP from a process of its own. Without a rate: as fast as the connections allow. With one: on a fixed
 * timetable, each latency counted from when the request was due, so that a slow answer cannot hide the wait of those behind it.
 */

function post(client: Client, { body, signature }: SignedEvent): Promise<number> {
  return new Promise((resolve, reject) => {
    let status = 0;
    client.dispatch(
      {
        method: 'POST',
        path: '/webhooks/stripe',
        headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
        body,
      },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, statusCode) => {
          status = statusCode;
        },
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(status),
        onResponseError: (_controller, error) => reject(error),
      },
    );
  });
}

async function flatOut(clients: readonly Client[], events: readonly SignedEvent[]): Promise<number> {
  let next = 0;
  let accepted = 0;
  await Promise.all(
    clients.map(async (client) => {
      for (let event = events[next++]; event; event = events[next++])
        if ((await post(client, event)) === 200) accepted += 1;
    }),
  );
  return accepted;
}

async function onTimetable(
  clients: readonly Client[],
  events: readonly SignedEvent[],
  perSecond: number,
  latenciesMs: number[],
): Promise<number> {
  const start = performance.now();
  let accepted = 0;
  let next = 0;
  const underWay: Promise<void>[] = [];
  while (next < events.length) {
    const due = Math.min(events.length, Math.floor(((performance.now() - start) / 1000) * perSecond));
    for (; next < due; next += 1) {
      const event = events[next];
      const client = clients[next % clients.length];
      if (!event || !client) continue;
      const dueAt = start + (next / perSecond) * 1000;
      underWay.push(
        post(client, event).then((status) => {
          latenciesMs.push(performance.now() - dueAt);
          if (status === 200) accepted += 1;
        }),
      );
    }
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  await Promise.all(underWay);
  return accepted;
}

serve(
  (message) => loadRequest.parse(message),
  async ({ origin, series, connections, perSecond }): Promise<LoadAnswer> => {
    const events = signedEvents(series);
    const clients = Array.from({ length: connections }, () => new Client(origin, { pipelining: 1 }));
    const latenciesMs: number[] = [];
    const start = performance.now();
    const accepted =
      perSecond === null ? await flatOut(clients, events) : await onTimetable(clients, events, perSecond, latenciesMs);
    const seconds = (performance.now() - start) / 1000;
    await Promise.all(clients.map((client) => client.close()));
    return { seconds, accepted, latenciesMs };
  },
);
