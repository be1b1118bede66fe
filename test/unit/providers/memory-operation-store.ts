import type { OperationRecord, OperationStore } from '../../../src/providers/operation.ts';

/** The store's contract without a database: what was stored last, replaced only if unchanged. */
export function createMemoryOperationStore(): OperationStore & { records: Map<string, OperationRecord> } {
  const records = new Map<string, OperationRecord>();
  return {
    records,
    load: async (id) => records.get(id) ?? null,
    replace: async (previous, next) => {
      const current = records.get(next.id) ?? null;
      const isUnchanged =
        previous === null || current === null
          ? previous === current
          : previous.attempt === current.attempt &&
            previous.state === current.state &&
            previous.lastSentAt.getTime() === current.lastSentAt.getTime();
      if (isUnchanged) records.set(next.id, next);
      return isUnchanged;
    },
  };
}
