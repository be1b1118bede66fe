import type { Sql } from '../database/database.ts';
import { type ClientKey, loadSettings } from './refill.store.ts';

/** Auto-refill needs a card while it is on: asked before a client's last one is removed. */
export const refillCardUse = {
  name: 'auto-refill is on',
  isLive: async (sql: Sql, client: ClientKey): Promise<boolean> =>
    (await loadSettings(sql, client, 'lock'))?.enabled === true,
};
