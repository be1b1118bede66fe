import { resolve } from 'node:path';
import type { Config } from './config.ts';
import { lockDataDir } from './database/data-dir-lock.ts';
import { createDatabase, type EmbeddedServer, startEmbeddedServer } from './database/embedded-server.ts';

/** The connection strings of the service's database and of the sandbox's, and how to let go of what serves them. */
export interface Stores {
  readonly databaseUrl: string;
  /** The sandbox's own database, beside the service's; made when it is first asked for. */
  sandboxDatabaseUrl(): Promise<string>;
  /** True where this process is the only one that can use the database. */
  readonly exclusive: boolean;
  close(): Promise<void>;
}

/** PostgreSQL as the settings want it: the one they name, or an embedded server whose files lie in `DATA_DIR`. */
export async function openStores(config: Config): Promise<Stores> {
  const given = config.databaseUrl;
  if (given !== undefined) {
    return {
      databaseUrl: given,
      sandboxDatabaseUrl: () => ensureSibling(given, 'sandbox'),
      exclusive: false,
      close: async () => undefined,
    };
  }
  const dataDir = resolve(config.dataDir);
  const unlock = await lockDataDir(dataDir);
  let server: EmbeddedServer;
  try {
    server = await startEmbeddedServer({ dataDir });
  } catch (error) {
    await unlock();
    throw error;
  }
  return {
    databaseUrl: await server.ensureDatabase('baisa'),
    sandboxDatabaseUrl: () => server.ensureDatabase('baisa_sandbox'),
    exclusive: true,
    close: async () => {
      await server.stop();
      await unlock();
    },
  };
}

async function ensureSibling(url: string, suffix: string): Promise<string> {
  const sibling = new URL(url);
  const name = `${sibling.pathname.slice(1) || 'postgres'}_${suffix}`;
  await createDatabase(url, name);
  sibling.pathname = `/${name}`;
  return sibling.toString();
}
