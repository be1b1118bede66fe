import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SettingError } from '../errors.ts';

/**
 * Makes sure that one process uses a data directory. A lock whose process is gone (killed) is taken over. Answers the release.
 * Throws `SettingError` while another process holds it.
 */
export async function lockDataDir(dataDir: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'service.lock');
  for (;;) {
    try {
      const handle = await open(file, 'wx', 0o600);
      await handle.writeFile(`${process.pid} ${await birthOf(process.pid)}\n`);
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = await readFile(file, 'utf8').catch(() => '');
    const [pid, birth] = holder.trim().split(' ');
    if (await isRunning(Number(pid), birth)) {
      throw new SettingError(`DATA_DIR is in use by process ${pid}: stop that service, or name another directory.`);
    }
    await rm(file, { force: true });
  }
}

/** When a process began, in the kernel's ticks, so that a recycled id is not taken for it. Empty where there is no /proc. */
async function birthOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The second field is the program's name in brackets and may hold spaces; the start time is the 20th after it.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

async function isRunning(pid: number, birth: string | undefined): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return birth === undefined || birth === (await birthOf(pid));
}
