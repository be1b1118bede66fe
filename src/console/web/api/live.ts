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

/** The least time between two rounds of questions, in milliseconds. */
const restMs = 1_000;

/** Asks again what the page shows whenever the service says that something changed. The browser reconnects by itself. */
export function useLiveUpdates(path: '/portal/updates' | '/console/updates'): void {
  const queries = useQueryClient();
  useEffect(() => {
    // The first at once, and those that follow it closely together: a page asks a dozen questions, and its calls are counted.
    let resting: ReturnType<typeof setTimeout> | undefined;
    let again = false;
    const ask = (): void => {
      if (resting !== undefined) {
        again = true;
        return;
      }
      void queries.invalidateQueries({ predicate: isOfService });
      resting = setTimeout(() => {
        resting = undefined;
        if (!again) return;
        again = false;
        ask();
      }, restMs);
    };
    const source = new EventSource(`${serviceUrl}${path}`);
    // What changed while it was not connected is asked for too.
    source.onopen = () => {
      tell(true);
      ask();
    };
    source.onerror = () => tell(false);
    source.addEventListener('change', ask);
    return () => {
      source.close();
      clearTimeout(resting);
      tell(false);
    };
  }, [queries, path]);
}

/** Who is signed in does not change by what happens to the account. */
const isOfService = ({ queryKey }: { readonly queryKey: readonly unknown[] }): boolean =>
  queryKey[0] !== 'session' && queryKey[0] !== 'holder';
