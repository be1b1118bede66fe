import { setTimeout as delay } from 'node:timers/promises';

/** Between two looks, in milliseconds. */
const pauseMs = 25;

/** A condition did not come about in time. */
export class NeverCame extends Error {
  readonly wanted: string;
  readonly last: unknown;

  constructor(wanted: string, last: unknown) {
    super(`${wanted} did not come about; last seen: ${JSON.stringify(last)}`);
    this.name = 'NeverCame';
    this.wanted = wanted;
    this.last = last;
  }
}

/** Looks again and again until what is seen is as wanted, and answers it. Throws `NeverCame` after `patienceMs`. */
export async function until<Seen>(
  wanted: string,
  look: () => Promise<Seen>,
  isAsWanted: (seen: Seen) => boolean,
  patienceMs = 30_000,
): Promise<Seen> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (isAsWanted(seen)) return seen;
    if (Date.now() > deadline) throw new NeverCame(wanted, seen);
    await delay(pauseMs);
  }
}
