import type { Request } from 'express';

/** `Bearer <key>`, or the key as the user name of Basic. */
export function keyOf(request: Request): string | undefined {
  const [scheme, value] = (request.get('authorization') ?? '').split(' ');
  if (scheme?.toLowerCase() === 'bearer') return value;
  if (scheme?.toLowerCase() !== 'basic' || value === undefined) return undefined;
  return Buffer.from(value, 'base64').toString('utf8').split(':')[0];
}
