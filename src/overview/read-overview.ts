import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { notFound } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Money } from '../money/money.ts';
import { findAgency } from '../tenancy/find-agencies.ts';
import { agencyOf, type Scope } from '../tenancy/scope.ts';
import { countClients, countDrift, countParked, selectStandings } from './overview.sql.ts';

export const serviceStates = ['active', 'paused'] as const;
export const refillStates = ['off', 'on', 'failing'] as const;

/** Counts and sums of this moment. */
export interface Overview {
  readonly asOf: Date;
  readonly clients: number;
  readonly paused: number;
  readonly failingRefills: number;
  /** USD that clients have paid ahead and not used: all balances above zero. */
  readonly prepaid: Money;
  /** USD below zero, as a positive amount: what clients have used and not paid. */
  readonly owed: Money;
  readonly driftedPlans: number;
  readonly driftChanges: number;
  /** Null for who may not see the inbox, and where one agency is asked about. */
  readonly parkedEvents: number | null;
}

const clientRows = z.tuple([z.object({ clients: z.int(), paused: z.int(), failing: z.int() })]);
const driftRows = z.tuple([z.object({ changes: z.int(), plans: z.int() })]);
const parkedRows = z.tuple([z.object({ parked: z.int() })]);

const standingRow = z.object({
  customerId: z.string(),
  agencyId: z.string(),
  name: z.string(),
  email: z.string(),
  externalId: z.string().nullable(),
  collection: z.enum(['card', 'offline']),
  disabled: z.boolean(),
  state: z.enum(serviceStates),
  refill: z.enum(refillStates),
  planId: z.string().nullable(),
  planVersion: z.int().nullable(),
  planStatus: z.string().nullable(),
  planName: z.string().nullable(),
});

/** Where one client stands. */
export interface Standing extends z.output<typeof standingRow> {
  readonly balance: Money;
}

export interface StandingFilter {
  readonly agencyId?: string | undefined;
  readonly state?: Standing['state'] | undefined;
  readonly refill?: Standing['refill'] | undefined;
  /** Part of the name, the address or the agency's own id, in any case. */
  readonly q?: string | undefined;
}

interface Dependencies {
  readonly database: Database;
  readonly ledger: Pick<Ledger, 'balances' | 'prepaidTotals'>;
  readonly clock: Clock;
}

/** `agencyId`: undefined is the scope's own or, for the platform, everybody's. Another tenant's is `AppError` 404. */
export interface Overviews {
  read(scope: Scope, agencyId: string | undefined): Promise<Overview>;
  /** Newest client first, at most `limit`, those before the one whose id is `before`. */
  standings(
    scope: Scope,
    filter: StandingFilter,
    page: { readonly limit: number; readonly before: string | undefined },
  ): Promise<readonly Standing[]>;
}

/** A search looks for what is written: LIKE would take these to match anything. */
const pattern = (text: string): string => `%${text.replace(/[\\%_]/g, '\\$&')}%`;

export function createOverviews({ database, ledger, clock }: Dependencies): Overviews {
  const { pool, prisma } = database;

  const agencyFor = async (scope: Scope, asked: string | undefined): Promise<string | null> => {
    if (scope.role === 'portal') throw notFound('agency');
    if (asked === undefined) return agencyOf(scope) ?? null;
    return (await findAgency({ prisma, clock }, scope, asked)).id;
  };

  return {
    read: async (scope, asked) => {
      const agencyId = await agencyFor(scope, asked);
      const [{ clients, paused, failing }] = clientRows.parse((await pool.query(countClients, [agencyId])).rows);
      const [{ changes, plans }] = driftRows.parse((await pool.query(countDrift, [agencyId])).rows);
      const seesInbox = agencyId === null;
      const parked = seesInbox ? parkedRows.parse((await pool.query(countParked)).rows)[0].parked : null;
      const figures = { clients, paused, failingRefills: failing, driftedPlans: plans, driftChanges: changes };
      return { asOf: clock.now(), ...figures, ...(await ledger.prepaidTotals(agencyId)), parkedEvents: parked };
    },
    standings: async (scope, { state, refill, q, ...filter }, { limit, before }) => {
      const agencyId = await agencyFor(scope, filter.agencyId);
      const values = [agencyId, state ?? null, refill ?? null, q === undefined ? null : pattern(q), before ?? null];
      const { rows } = await pool.query(selectStandings, [...values, limit]);
      const clients = z.array(standingRow).parse(rows);
      const balances = await ledger.balances(pool, clients);
      return clients.flatMap((client, index) => {
        const balance = balances[index];
        return balance ? [{ ...client, balance }] : [];
      });
    },
  };
}
