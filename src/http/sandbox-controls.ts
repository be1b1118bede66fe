import express, { type Request, type Response, Router } from 'express';
import type { Logger } from 'pino';
import { z } from 'zod';
import { AppError } from '../errors.ts';
import { type Admission, consoleSessionOf } from './admission.ts';
import { stateOf } from './request-state.ts';

export interface SandboxControlDependencies {
  /** Where the sandbox's own routes are. */
  readonly sandboxUrl: string;
  readonly admission: Admission;
  readonly log: Logger;
}

/** What the console's page may ask of the sandbox, under the same name there. */
const controls = [
  { method: 'get', name: 'clock' },
  { method: 'post', name: 'clock' },
  { method: 'get', name: 'faults' },
  { method: 'put', name: 'faults' },
  { method: 'get', name: 'deliveries' },
  { method: 'get', name: 'test-cards' },
] as const;

const refusal = z.object({ error: z.object({ message: z.string() }) });
const readJson = express.json({ limit: '64kb' });

/**
 * The sandbox's clock, faults and deliveries for the console's page, which may call this service alone. For whoever is signed in
 * with the platform's key: what it moves, it moves for every tenant.
 */
export function createSandboxControls({ sandboxUrl, admission, log }: SandboxControlDependencies): Router {
  const router = Router({ caseSensitive: true });

  const admit = async (request: Request, response: Response): Promise<void> => {
    const secret = consoleSessionOf(request);
    const scope = await admission.visitor(request, response, secret);
    if (!scope) throw new AppError(401, 'unauthenticated', 'You are not signed in.');
    if (scope.role !== 'platform') throw new AppError(403, 'forbidden', 'The sandbox is the platform’s.');
    if (request.method !== 'GET') {
      admission.requireOwnPage(request, scope, { secret, csrfToken: request.get('x-csrf-token') ?? '' });
    }
  };

  for (const { method, name } of controls) {
    const path = `/console/sandbox/${name}`;
    router[method](path, readJson, async (request, response) => {
      stateOf(request, log).route = path;
      await admit(request, response);
      const body = method === 'get' ? {} : { body: JSON.stringify(request.body ?? {}) };
      const answer = await fetch(`${sandboxUrl}/sandbox/${name}`, {
        method: request.method,
        headers: { 'Content-Type': 'application/json' },
        ...body,
      });
      const answered: unknown = await answer.json();
      const refused = refusal.safeParse(answered).data;
      if (!answer.ok) throw new AppError(422, 'sandbox_refused', refused?.error.message ?? 'The sandbox refused this.');
      response.setHeader('Cache-Control', 'no-store');
      response.json(answered);
    });
  }
  return router;
}
