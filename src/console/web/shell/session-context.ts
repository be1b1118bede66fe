import { createContext, useContext } from 'react';
import type { Session } from '../api/session.ts';

export const SessionContext = createContext<Session | null>(null);

/** Who is signed in; only inside the shell, which somebody must be for. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('this page is drawn outside the shell');
  return session;
}
