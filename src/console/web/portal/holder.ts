import { rememberCsrfToken, serviceUrl } from '../api/client.ts';
import { Refusal } from '../api/refusal.ts';

/** Who is signed in, and how the agency wants to be seen. */
export interface Holder {
  readonly agencyName: string;
  readonly customerName: string;
  readonly customerId: string;
  readonly branding?: { readonly logoUrl?: string; readonly color?: string };
  readonly support?: { readonly email?: string; readonly url?: string };
}

const isAnswer = (given: unknown): given is Holder & { readonly csrfToken: string } =>
  typeof given === 'object' && given !== null && 'customerId' in given && 'csrfToken' in given;

/** Null where nobody is signed in any more. */
export async function readHolder(): Promise<Holder | null> {
  const response = await fetch(`${serviceUrl}/portal/session`);
  if (response.status === 401) return null;
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok || !isAnswer(body)) throw new Refusal(response.status, {});
  rememberCsrfToken(body.csrfToken);
  return body;
}
