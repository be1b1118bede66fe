import type { Clock } from '../clock.ts';
import type { Database } from '../database/database.ts';
import { AppError, invalidField } from '../errors.ts';
import type { Ledger, TurnoverGroup } from '../ledger/ledger.ts';
import { findAgency } from '../tenancy/find-agencies.ts';
import type { Scope } from '../tenancy/scope.ts';
import { dashboardUrlOf } from './dashboard.ts';
import { type Amounts, type RevenueLine, revenueLines, revenueTotals } from './revenue.ts';

/** Groups in one answer at most. */
export const groupsMax = 10_000;

const dayMs = 86_400_000;

export interface RevenueRequest {
  readonly agencyId: string;
  /** UTC days, `2026-11-01`, both counted in. Left out: from the first of the month, until today. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly groupBy: TurnoverGroup;
  /** Upper-case code; left out: every currency. */
  readonly currency?: string | undefined;
}

export interface Revenue {
  readonly agencyId: string;
  readonly from: string;
  readonly to: string;
  readonly groupBy: TurnoverGroup;
  /** By group and currency. `name`: the plan's or the client's; null for a day. */
  readonly lines: readonly (RevenueLine & { readonly name: string | null })[];
  readonly totals: readonly (Amounts & { readonly currency: string })[];
  /** Of the agency's own account at its provider; null while it has none. */
  readonly dashboardUrl: string | null;
}

export type ReadRevenue = (scope: Scope, request: RevenueRequest) => Promise<Revenue>;

interface Dependencies {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

const dayOf = (time: Date): string => time.toISOString().slice(0, 10);
const startOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

/**
 * What an agency's clients paid and who got what of it, summed from the ledger's entries. Throws 404 for an agency that is not the
 * scope's, 422 for days in the wrong order and for more than 10,000 groups.
 */
export function createReadRevenue({ database, ledger, clock }: Dependencies): ReadRevenue {
  return async (scope, { agencyId, groupBy, currency, ...days }) => {
    await findAgency({ prisma: database.prisma, clock }, scope, agencyId);
    const to = days.to ?? dayOf(clock.now());
    const from = days.from ?? `${to.slice(0, 8)}01`;
    if (from > to) throw invalidField('to', 'days_out_of_order', `${to} is before ${from}.`);
    const turnover = await ledger.turnover(agencyId, {
      from: startOf(from),
      until: new Date(startOf(to).getTime() + dayMs),
      groupBy,
      currency,
      groupsMax,
    });
    if (!turnover) {
      throw new AppError(422, 'too_many_groups', `These are more than ${groupsMax} groups: ask for fewer days.`);
    }
    const lines = revenueLines(turnover);
    const names = await namesOf(database, groupBy, lines);
    return {
      agencyId,
      from,
      to,
      groupBy,
      lines: lines.map((line) => ({ ...line, name: line.group === null ? null : (names.get(line.group) ?? null) })),
      totals: revenueTotals(turnover),
      dashboardUrl: await ownDashboard(database, agencyId),
    };
  };
}

/** By id alone, which names one plan or client: a resold plan is the platform's, and the platform's books name agencies' clients. */
async function namesOf(
  { prisma }: Database,
  groupBy: TurnoverGroup,
  lines: readonly RevenueLine[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(lines.flatMap(({ group }) => group ?? []))];
  if (groupBy === 'day' || ids.length === 0) return new Map();
  const where = { id: { in: ids } };
  if (groupBy === 'plan') {
    const plans = await prisma.plan.findMany({ where, select: { id: true, displayName: true } });
    return new Map(plans.map(({ id, displayName }) => [id, displayName]));
  }
  const customers = await prisma.customer.findMany({ where, select: { id: true, name: true } });
  return new Map(customers.map(({ id, name }) => [id, name]));
}

async function ownDashboard({ prisma }: Database, agencyId: string): Promise<string | null> {
  const accounts = await prisma.merchantAccount.findMany({
    where: { agencyId, status: { not: 'disconnected' } },
    orderBy: { id: 'asc' },
  });
  for (const { provider, providerAccountId } of accounts) {
    const url = dashboardUrlOf(provider, providerAccountId);
    if (url !== null) return url;
  }
  return null;
}
