import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface RunningServer {
  /** The port listened on; tells which one was free when 0 was asked for. */
  readonly port: number;
  /** Takes no more connections, lets requests under way finish, then ends what is left. Safe to call twice. */
  close(): Promise<void>;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** How long requests under way may take to finish when closing, in milliseconds. */
  readonly drainMsMax?: number;
}

/** Listens, and resolves when connections are taken. Rejects when the address cannot be had. */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<RunningServer> {
  const server = createServer(handler);
  // Longer than the usual minute of a load balancer, so that it and not we end an idle connection.
  server.keepAliveTimeout = 65_000;
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.removeListener('error', reject);
      const bound = server.address();
      if (bound && typeof bound === 'object') resolve(bound);
      else reject(new Error('the server has no port'));
    });
  });

  // Browsers open connections that they may need: one that never asked anything is not waited for either.
  const unused = new Set<Socket>();
  server.on('connection', (socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => unused.delete(socket));

  let closing: Promise<void> | undefined;
  // A connection that is kept alive is idle only once its answer is out: then it is ended, not waited for.
  server.on('request', (_request, response) => {
    response.once('close', () => {
      if (closing) setImmediate(() => server.closeIdleConnections());
    });
  });
  const drain = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    for (const socket of unused) socket.destroy();
    const timer = setTimeout(() => server.closeAllConnections(), options.drainMsMax ?? 10_000);
    await closed;
    clearTimeout(timer);
  };
  return {
    port: address.port,
    close: () => {
      closing ??= drain();
      return closing;
    },
  };
}
