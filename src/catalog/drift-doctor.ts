import { conflict, notFound } from '../errors.ts';
import type { Scope } from '../tenancy/scope.ts';
import { scoped } from '../tenancy/scoped-prisma.ts';
import { adopt, ignore, openCase, restore } from './answer-drift.ts';
import { type OwnedAccount, readyAccounts } from './carriers.ts';
import { checkAccounts, runDriftJob } from './check-drift.ts';
import type { CarryDependencies } from './converge.ts';
import { type DriftCheck, driftCheckSchema, type Finding, type FindingStatus, findingSchema } from './drift.store.ts';
import { carriedPlans, pairsOf } from './sync.ts';

export const driftAnswers = ['restore', 'adopt', 'ignore'] as const;
export type DriftAnswer = (typeof driftAnswers)[number];

export interface FindingFilter {
  readonly merchantAccountId?: string | undefined;
  readonly planId?: string | undefined;
  readonly status: FindingStatus;
}

/** Finds what was changed at the providers behind our back, and puts right what a person decides. */
export interface DriftDoctor {
  /** Reads the accounts now: all that carry plans of the scope, or one. An account that fails says so in its check. */
  check(scope: Scope, merchantAccountId: string | undefined): Promise<readonly DriftCheck[]>;
  /** Newest first; `before` is the id of the last finding of the page before. */
  findings(
    scope: Scope,
    filter: FindingFilter,
    page: { readonly limit: number; readonly before: string | undefined },
  ): Promise<readonly Finding[]>;
  /** When each account of the scope was last read. */
  checks(scope: Scope): Promise<readonly DriftCheck[]>;
  /** Throws `AppError`: 404, 409 `drift_settled`, `drift_outdated`, `drift_adoption_refused`, `account_not_ready`. */
  answer(scope: Scope, findingId: string, answer: DriftAnswer): Promise<Finding>;
  runJob(): Promise<void>;
}

const answers = { restore, adopt, ignore } as const satisfies Record<DriftAnswer, unknown>;

/** What a person may still decide about. */
const answerable: ReadonlySet<FindingStatus> = new Set<FindingStatus>(['open', 'ignored', 'adopted']);

export function createDriftDoctor(dependencies: CarryDependencies): DriftDoctor {
  const { database } = dependencies;

  /** The accounts where the scope's plans are sold. */
  const accountsOf = async (scope: Scope): Promise<readonly OwnedAccount[]> => {
    const accounts = await readyAccounts(database.pool);
    if (scope.role === 'platform') return accounts;
    const pairs = await pairsOf(database, await carriedPlans(database, scope, {}), {});
    const carrying = new Set(pairs.map(({ account }) => account.id));
    return accounts.filter(({ account }) => carrying.has(account.id));
  };

  const checksOf = async (accounts: readonly OwnedAccount[]): Promise<readonly DriftCheck[]> => {
    const rows = await database.prisma.driftCheck.findMany({
      where: { merchantAccountId: { in: accounts.map(({ account }) => account.id) } },
      orderBy: { merchantAccountId: 'asc' },
    });
    return rows.map((row) => driftCheckSchema.parse(row));
  };

  const findFinding = async (scope: Scope, id: string): Promise<Finding> => {
    const row = await scoped(database.prisma, scope).driftFinding.findFirst({ where: { id } });
    if (!row) throw notFound('drift finding');
    return findingSchema.parse(row);
  };

  return {
    check: async (scope, merchantAccountId) => {
      const accounts = (await accountsOf(scope)).filter(
        ({ account }) => merchantAccountId === undefined || account.id === merchantAccountId,
      );
      if (accounts.length === 0 && merchantAccountId !== undefined) throw notFound('merchant account');
      await checkAccounts(dependencies, accounts);
      return checksOf(accounts);
    },

    findings: async (scope, { merchantAccountId, planId, status }, { limit, before }) => {
      const rows = await scoped(database.prisma, scope).driftFinding.findMany({
        where: {
          status,
          ...(before === undefined ? {} : { id: { lt: before } }),
          ...(merchantAccountId === undefined ? {} : { merchantAccountId }),
          ...(planId === undefined ? {} : { planId }),
        },
        orderBy: { id: 'desc' },
        take: limit,
      });
      return rows.map((row) => findingSchema.parse(row));
    },

    checks: async (scope) => checksOf(await accountsOf(scope)),

    answer: async (scope, findingId, answer) => {
      const finding = await findFinding(scope, findingId);
      if (!answerable.has(finding.status)) {
        throw conflict('drift_settled', `This finding is ${finding.status} already: check for drift again.`);
      }
      const accounts = await readyAccounts(database.pool);
      const owned = accounts.find(({ account }) => account.id === finding.merchantAccountId);
      await answers[answer](await openCase(dependencies, owned?.account, finding));
      return findFinding(scope, findingId);
    },

    runJob: () => runDriftJob(dependencies),
  };
}
