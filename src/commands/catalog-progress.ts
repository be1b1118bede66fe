import { setTimeout as delay } from 'node:timers/promises';

const width = 30;

/** `[=====     ] 12 of 40 in sync`. Nothing to do is done. */
export function progressBar(done: number, total: number): string {
  const filled = total === 0 ? width : Math.floor((done / total) * width);
  return `[${'='.repeat(filled)}${' '.repeat(width - filled)}] ${done} of ${total} in sync`;
}

const pollMs = 500;

/** Where a bar is drawn: standard error on a terminal, so that what is printed can still be piped. */
export interface Terminal {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Draws a bar on a terminal until the work is over; elsewhere it only waits. `count` may fail: the bar just waits for the next. */
export async function withProgress<Result>(
  terminal: Terminal,
  count: () => Promise<{ readonly done: number; readonly total: number }>,
  work: Promise<Result>,
): Promise<Result> {
  if (terminal.isTTY !== true) return work;
  const over = work.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([over, delay(pollMs, false)]))) {
    const counted = await count().catch(() => null);
    if (counted) terminal.write(`\r${progressBar(counted.done, counted.total)}`);
  }
  terminal.write('\r\u001b[K');
  return work;
}
