import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { lockDataDir } from './database/data-dir-lock.ts';
import { tryConnection } from './database/database.ts';
import { createDatabase, type EmbeddedServer, startEmbeddedServer } from './database/embedded-server.ts';
import { SettingError } from './errors.ts';

/** The connection strings of the service's database and of the sandbox's, and how to let go of what serves them. */
export interface Stores {
  readonly databaseUrl: string;
  /** The sandbox's own database, beside the service's; made when it is first asked for. */
  sandboxDatabaseUrl(): Promise<string>;
  /** True where this process is the only one that can use the database. */
  readonly exclusive: boolean;
  close(): Promise<void>;
}

/**
 * PostgreSQL as the settings want it: the one they name, or an embedded server whose files lie in `DATA_DIR`. Throws
 * `SettingError` where the one they name does not let us in.
 */
export async function openStores(config: Config): Promise<Stores> {
  const given = config.databaseUrl;
  if (given === undefined) return embeddedStores(resolve(config.dataDir));
  await orSettingError('names a database that cannot be reached', () => tryConnection(given));
  return {
    databaseUrl: given,
    sandboxDatabaseUrl: () =>
      orSettingError('names a server that gives the sandbox no database of its own', () =>
        ensureSibling(given, 'sandbox'),
      ),
    exclusive: false,
    close: async () => undefined,
  };
}

async function embeddedStores(dataDir: string): Promise<Stores> {
  const unlock = await lockDataDir(dataDir);
  let server: EmbeddedServer | undefined;
  const close = async (): Promise<void> => {
    try {
      await server?.stop();
    } finally {
      await unlock();
    }
  };
  try {
    const started = await startEmbeddedServer({ dataDir });
    server = started;
    return {
      databaseUrl: await started.ensureDatabase('baisa'),
      sandboxDatabaseUrl: () => started.ensureDatabase('baisa_sandbox'),
      exclusive: true,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function orSettingError<T>(complaint: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new SettingError(`DATABASE_URL ${complaint} (${reasonOf(error)}).`);
  }
}

/** Where a name has several addresses, the error that holds each one's has no message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error instanceof Error ? error.message.replaceAll(/\s+/g, ' ').replace(/\.$/, '') : String(error);
}

async function ensureSibling(url: string, suffix: string): Promise<string> {
  const sibling = new URL(url);
  const name = `${sibling.pathname.slice(1) || 'postgres'}_${suffix}`;
  await createDatabase(url, name);
  sibling.pathname = `/${name}`;
  return sibling.toString();
}
