/**
 * Who is asking, and so what they may see. Every read and write of a tenant's table takes one.
 *
 * - `platform`: the installation's operator; sees every tenant.
 * - `agency`: one agency; sees itself and its customers.
 * - `portal`: one customer of an agency; sees only itself.
 */
export type Scope =
  | { readonly role: 'platform'; readonly keyId: string }
  | { readonly role: 'agency'; readonly agencyId: string; readonly keyId: string }
  | {
      readonly role: 'portal';
      readonly agencyId: string;
      readonly customerId: string;
      /** Of the token or session that it called with; absent where the service itself acts in a client's name. */
      readonly sessionId?: string;
    };

export type Role = Scope['role'];

/**
 * The name under which idempotency keys are kept. It names the tenant and not the API key, so that a client that rolls
 * its key in the middle of a retry still meets its first request.
 */
export function principalOf(scope: Scope): string {
  if (scope.role === 'platform') return 'platform';
  return scope.role === 'agency' ? `agency:${scope.agencyId}` : `customer:${scope.agencyId}:${scope.customerId}`;
}

/** The agency a request may act for: its own, or for the platform whichever is named. `undefined`: not limited to one. */
export const agencyOf = (scope: Scope): string | undefined => (scope.role === 'platform' ? undefined : scope.agencyId);
