import type { Sql } from '../database/database.ts';
import type { ScheduledJob } from '../delivery/jobs.ts';
import type { Scope } from '../tenancy/scope.ts';
import { type AdoptedCard, adoptCard, enqueueAdoption } from './adopt-card.ts';
import { type ApplyCardEvents, createApplyCardEvents } from './apply-card-events.ts';
import { type ClientKey, findDefault, listSaved, type SavedCard } from './card.store.ts';
import { removeCard, setDefaultCard, verifyAgain } from './change-cards.ts';
import {
  adoptJobName,
  type CardDependencies,
  defaultJobName,
  detachJobName,
  releaseJobName,
  sweepJobName,
  verifyJobName,
} from './dependencies.ts';
import { type SaveCardRequest, type StartedSetup, startCardSetup } from './save-card.ts';
import { sweepHolds } from './sweep-holds.ts';
import { detachCard, tellDefault } from './tell-provider.ts';
import { type CardVerification, listVerifications } from './verification.store.ts';
import { releaseStray, verifyCard } from './verify-card.ts';

export interface Cards {
  /** Starts a hosted session in which a client saves a card. */
  startSetup(request: SaveCardRequest): Promise<StartedSetup>;
  /** Newest first. */
  list(client: ClientKey): Promise<readonly SavedCard[]>;
  /** Newest first, the last hundred. */
  listVerifications(client: ClientKey): Promise<readonly CardVerification[]>;
  findDefault(sql: Sql, client: ClientKey): Promise<SavedCard | null>;
  setDefault(scope: Scope, client: ClientKey, cardId: string): Promise<SavedCard>;
  remove(
    scope: Scope,
    client: ClientKey,
    removal: { readonly cardId: string; readonly newDefault?: string | undefined },
  ): Promise<void>;
  /** `address`: where the client's own request came from; null where somebody else asked for it. */
  verifyAgain(client: ClientKey, cardId: string, address: string | null): Promise<CardVerification>;
  readonly apply: ApplyCardEvents;
  /** In the caller's transaction: stores a card that was saved by another way. */
  adopt(sql: Sql, card: AdoptedCard): Promise<void>;
  readonly jobs: Readonly<Record<string, ScheduledJob>>;
  /** Holds that nobody heard of, by the clock. */
  sweep(): Promise<void>;
}

export function createCards(dependencies: CardDependencies): Cards {
  const { pool } = dependencies.database;
  return {
    startSetup: (request) => startCardSetup(dependencies, request),
    list: (client) => listSaved(pool, client),
    listVerifications: ({ agencyId, customerId }) => listVerifications(pool, agencyId, customerId),
    findDefault,
    setDefault: (scope, client, cardId) => setDefaultCard(dependencies, scope, client, cardId),
    remove: (scope, client, removal) => removeCard(dependencies, scope, client, removal),
    verifyAgain: (client, cardId, address) => verifyAgain(dependencies, client, cardId, address),
    apply: createApplyCardEvents(dependencies),
    adopt: (sql, card) => enqueueAdoption(dependencies, sql, card),
    jobs: {
      [verifyJobName]: { handle: (payload) => verifyCard(dependencies, payload) },
      [releaseJobName]: { handle: (payload) => releaseStray(dependencies, payload) },
      [defaultJobName]: { handle: (payload) => tellDefault(dependencies, payload) },
      [adoptJobName]: { handle: (payload) => adoptCard(dependencies, payload) },
      [detachJobName]: { handle: (payload) => detachCard(dependencies, payload) },
      [sweepJobName]: { handle: () => sweepHolds(dependencies), cron: '*/5 * * * *' },
    },
    sweep: () => sweepHolds(dependencies),
  };
}
