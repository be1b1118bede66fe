import type { Logger } from 'pino';
import type { Wakeups } from '../delivery/wakeups.ts';
import type { Scope } from '../tenancy/scope.ts';
import { readVersions, type VersionDependencies, type Watched } from './read-versions.ts';

export interface UpdateDependencies extends VersionDependencies {
  readonly wakeups: Pick<Wakeups, 'announce' | 'on'>;
  readonly log: Pick<Logger, 'warn'>;
  /** How often those who watch are compared though nobody announced a change, in milliseconds: an announcement can be lost. */
  readonly pollMs?: number;
}

export interface Watcher {
  /** Something that the scope sees is not what it was. */
  changed(): void;
  /** The service stops: nothing more will be told. */
  ended(): void;
}

/** Tells pages that something they show has changed; what it is, they ask the API for. */
export interface Updates {
  /** Something may have changed, here; who it concerns is found out. Cheap: many within a moment are one. */
  readonly noteChange: () => void;
  /** From when it resolves until `stop` is called. What was changed before is not told of. */
  watch(scope: Scope, watcher: Watcher): Promise<{ stop(): void }>;
  close(): Promise<void>;
}

interface Entry {
  readonly scope: Scope;
  readonly watcher: Watcher;
  version: string;
}

/** Changes within so many milliseconds are told of together. */
const gatherMs = 100;

const isWatched = (scope: Scope): scope is Watched => scope.role !== 'platform';

export function createUpdates(dependencies: UpdateDependencies): Updates {
  const { wakeups, log, pollMs = 5_000 } = dependencies;
  const entries = new Set<Entry>();
  let closed = false;

  const compare = async (announced: boolean): Promise<void> => {
    const tenants = [...entries].flatMap((entry) => (isWatched(entry.scope) ? [{ entry, scope: entry.scope }] : []));
    const versions = await readVersions(
      dependencies,
      tenants.map(({ scope }) => scope),
    );
    for (const [index, { entry }] of tenants.entries()) {
      const version = versions[index] ?? entry.version;
      if (version === entry.version) continue;
      entry.version = version;
      if (entries.has(entry)) entry.watcher.changed();
    }
    if (!announced) return;
    for (const { scope, watcher } of entries) if (!isWatched(scope)) watcher.changed();
  };

  // One comparison at a time; what is announced during one is looked at by the next.
  let comparing = false;
  let again = false;
  const look = (announced: boolean): void => {
    if (entries.size === 0) return;
    if (comparing) {
      again ||= announced;
      return;
    }
    comparing = true;
    compare(announced)
      .catch((error: unknown) => log.warn({ err: error }, 'what changed could not be read'))
      .finally(() => {
        comparing = false;
        const next = again;
        again = false;
        if (next) look(true);
      });
  };

  const gathered = (act: () => void): (() => void) => {
    let waiting = false;
    return () => {
      if (waiting || closed) return;
      waiting = true;
      setTimeout(() => {
        waiting = false;
        if (!closed) act();
      }, gatherMs).unref();
    };
  };
  wakeups.on(
    'updates',
    gathered(() => look(true)),
  );
  const poll = setInterval(() => look(false), pollMs);
  poll.unref();

  return {
    noteChange: gathered(() => wakeups.announce('updates')),
    watch: async (scope, watcher) => {
      const [version = ''] = isWatched(scope) ? await readVersions(dependencies, [scope]) : [];
      const entry = { scope, watcher, version };
      if (closed) watcher.ended();
      else entries.add(entry);
      return { stop: () => entries.delete(entry) };
    },
    close: async () => {
      closed = true;
      clearInterval(poll);
      for (const { watcher } of entries) watcher.ended();
      entries.clear();
    },
  };
}
