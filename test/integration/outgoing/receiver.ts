import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const isAddress = (address: unknown): address is AddressInfo => typeof address === 'object' && address !== null;

/** An agency's own system: keeps what it hears and answers as a test wants, by path. */
export async function startReceiver() {
  const received: Received[] = [];
  const answers = new Map<string, { readonly status: number; readonly location?: string; readonly hang?: boolean }>();
  const hanging: (() => void)[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const path = request.url ?? '';
      received.push({ path, headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      const answer = answers.get(path) ?? { status: 200 };
      const end = () => {
        response.writeHead(answer.status, answer.location === undefined ? {} : { location: answer.location });
        response.end();
      };
      if (answer.hang) hanging.push(end);
      else end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (!isAddress(address)) throw new Error('the receiver has no port');
  return {
    url: (path: string): string => `http://127.0.0.1:${address.port}${path}`,
    received,
    answers,
    release: () => {
      for (const end of hanging.splice(0)) end();
    },
    /** Throws unless the message carries a signature of the secret. */
    verify: (secret: string, { headers, body }: Received): void => {
      const texts = Object.fromEntries(
        Object.entries(headers).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
      );
      new Webhook(secret).verify(body, texts);
    },
    stop: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
