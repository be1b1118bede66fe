import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { serviceUrl } from './client.ts';

let live = false;
const listeners = new Set<() => void>();

function tell(now: boolean): void {
  live = now;
  for (const listener of listeners) listener();
}

/** Whether this page is told of changes; where it is not, it asks by itself. */
export const useIsLive = (): boolean =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => live,
  );

/** Asks again what the page shows whenever the service says that something changed. The browser reconnects by itself. */
export function useLiveUpdates(path: '/portal/updates' | '/console/updates'): void {
  const queries = useQueryClient();
  useEffect(() => {
    const source = new EventSource(`${serviceUrl}${path}`);
    // What changed while it was not connected is asked for too.
    source.onopen = () => {
      tell(true);
      void queries.invalidateQueries({ predicate: isOfService });
    };
    source.onerror = () => tell(false);
    source.addEventListener('change', () => void queries.invalidateQueries({ predicate: isOfService }));
    return () => {
      source.close();
      tell(false);
    };
  }, [queries, path]);
}

/** Who is signed in does not change by what happens to the account. */
const isOfService = ({ queryKey }: { readonly queryKey: readonly unknown[] }): boolean =>
  queryKey[0] !== 'session' && queryKey[0] !== 'holder';
