import type { Logger } from 'pino';

type Stop = () => Promise<void>;

/** What has been started, to be stopped in the opposite order, also when a later step of the start fails. */
export class Started {
  readonly #log: Logger;
  readonly #stops: { readonly name: string; readonly stop: Stop }[] = [];
  #stopping: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, stop: Stop): void {
    this.#stops.push({ name, stop });
  }

  /**
   * Stops everything, once. What fails to stop is logged and does not keep the rest running: the last to stop is the database,
   * and a server that is left behind holds its folder. Rejects at the end when anything failed.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const failed: string[] = [];
    for (const { name, stop } of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        failed.push(name);
        this.#log.error({ err: error, part: name }, 'a part did not stop cleanly');
      }
    }
    if (failed.length > 0) throw new Error(`not stopped cleanly: ${failed.join(', ')}`);
  }
}
