import { csrfHeader, rememberCsrfToken, serviceUrl } from './client.ts';
import { Refusal } from './refusal.ts';
import type { Schemas } from './schema.ts';

export interface Session {
  readonly role: 'platform' | 'agency';
  readonly agencyId: string;
  readonly agencyName: string;
  readonly expiresAt: string;
}

interface SessionAnswer extends Session {
  readonly csrfToken: string;
}

const isAnswer = (given: unknown): given is SessionAnswer =>
  typeof given === 'object' && given !== null && 'csrfToken' in given && 'agencyId' in given;

const isProblem = (given: unknown): given is Partial<Schemas['Problem']> => typeof given === 'object' && given !== null;

const url = `${serviceUrl}/console/session`;

async function sessionIn(response: Response): Promise<Session> {
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, isProblem(body) ? body : {});
  if (!isAnswer(body)) throw new Refusal(response.status, {});
  const { csrfToken, ...session } = body;
  rememberCsrfToken(csrfToken);
  return session;
}

/** Null where nobody is signed in. */
export async function readSession(): Promise<Session | null> {
  const response = await fetch(url);
  return response.status === 401 ? null : sessionIn(response);
}

/** The key is sent once, and kept nowhere. */
export async function signIn(key: string): Promise<Session> {
  const headers = { 'Content-Type': 'application/json' };
  return sessionIn(await fetch(url, { method: 'POST', headers, body: JSON.stringify({ key }) }));
}

export async function signOut(): Promise<void> {
  await fetch(url, { method: 'DELETE', headers: csrfHeader() });
  rememberCsrfToken('');
}
