import type { IncomingMessage } from 'node:http';
import { AppError } from '../src/errors.ts';

const tooLarge = (bytesMax: number): AppError =>
  new AppError(413, 'body_too_large', `A webhook has at most ${bytesMax} bytes.`);

const aborted = (): AppError => new AppError(400, 'request_aborted', 'The request ended before its body was complete.');

/** Past this many times the limit a sender is not mistaken but hostile, and is cut off. */
const patience = 4;

/**
 * The bytes of a request, as they were signed. Throws 413 past the limit, and 400 where the sender went away. Past the limit,
 * what is still on its way is read and dropped, for a sender that is cut off would never see the answer. The usual body parser does more than this (charsets, compression), at a
 * noticeable share of what a webhook costs.
 */
export function readBody(request: IncomingMessage, bytesMax: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bytesMax) chunks.push(chunk);
      else chunks.length = 0;
      if (bytes > bytesMax * patience) request.destroy(tooLarge(bytesMax));
    });
    request.on('end', () => {
      const [only] = chunks;
      if (bytes > bytesMax) reject(tooLarge(bytesMax));
      else resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks, bytes));
    });
    request.on('error', (error) => reject(error instanceof AppError ? error : aborted()));
  });
}
