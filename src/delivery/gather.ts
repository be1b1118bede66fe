/**
 * Gathers concurrent calls into batches. A batch leaves as soon as a lane is free, with everything that arrived while
 * the lanes were busy: a lone call waits for nobody, a crowd shares one round trip and one commit.
 */
export interface GatherOptions<Item, Result> {
  /** Handles a batch; its results stand in the order of the items. If it throws, each call of the batch gets the error. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Items in one batch at most. */
  readonly batchMax: number;
  /** Batches under way at once. */
  readonly lanes: number;
}

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class Gather<Item, Result> {
  readonly #options: GatherOptions<Item, Result>;
  #queue: Waiting<Item, Result>[] = [];
  #busyLanes = 0;
  #scheduled = false;

  constructor(options: GatherOptions<Item, Result>) {
    this.#options = options;
  }

  /** Resolves with this item's result once its batch is done. */
  submit(item: Item): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.#queue.push({ item, resolve, reject });
      this.#schedule();
    });
  }

  /** One pass of the event loop lets everything that has already arrived join the first batch. */
  #schedule(): void {
    if (this.#scheduled || this.#busyLanes >= this.#options.lanes) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && this.#busyLanes < this.#options.lanes) {
      const batch = this.#queue.splice(0, this.#options.batchMax);
      this.#busyLanes += 1;
      void this.#runBatch(batch);
    }
  }

  async #runBatch(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#options.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined) reject(new Error('a batch answered fewer results than it had items'));
        else resolve(result);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#busyLanes -= 1;
      if (this.#queue.length > 0) this.#schedule();
    }
  }
}
