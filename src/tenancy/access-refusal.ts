import { AppError } from '../errors.ts';
import { type Actor, actorOf } from './audit.ts';
import type { Scope } from './scope.ts';

/** Who called, as far as it is known: also where the call was refused. */
export interface Caller {
  readonly actor: Actor;
  /** Whose record a refusal belongs to. Null: the platform's. */
  readonly agencyId: string | null;
  /** The id of the API key, portal token or session. */
  readonly subject: string;
}

export function callerOf(scope: Scope): Caller {
  const actor = actorOf(scope);
  if (scope.role === 'platform') return { actor, agencyId: null, subject: scope.keyId };
  const subject = scope.role === 'agency' ? scope.keyId : (scope.sessionId ?? scope.customerId);
  return { actor, agencyId: scope.agencyId, subject };
}

/** A refusal of somebody who is known: whose key, token or link it is. */
export class AccessRefusal extends AppError {
  readonly caller: Caller;

  constructor(caller: Caller, status: 401 | 403, code: string, message: string) {
    super(status, code, message);
    this.name = 'AccessRefusal';
    this.caller = caller;
  }
}
