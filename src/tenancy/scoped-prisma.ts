import type { Prisma, PrismaClient } from '../database/generated/client.ts';
import type { Scope } from './scope.ts';

/** The columns that say whose a row is. `portal: null`: no column of the table names a customer, so portals are refused. */
interface TenantColumns {
  readonly agency: 'id' | 'agencyId';
  readonly portal: 'id' | 'customerId' | null;
}

const ofCustomer: TenantColumns = { agency: 'agencyId', portal: 'customerId' };
const ofAgency: TenantColumns = { agency: 'agencyId', portal: null };

/**
 * Every table, and whose its rows are. `internal` tables are read by the service itself, never in a tenant's name: they
 * are refused to every scope but the platform's. A model that is missing here does not compile.
 */
export const tenantColumns = {
  Agency: { agency: 'id', portal: null },
  ApiKey: ofAgency,
  ConsoleSession: ofAgency,
  PortalSession: ofCustomer,
  Customer: { agency: 'agencyId', portal: 'id' },
  MerchantAccount: ofAgency,
  MerchantAccountIntent: ofAgency,
  WebhookEndpoint: ofAgency,
  OutgoingDelivery: ofAgency,
  Notice: ofCustomer,
  ProviderCustomer: ofCustomer,
  Feature: ofAgency,
  Plan: ofAgency,
  PlanVersion: ofAgency,
  CatalogLink: ofAgency,
  Publication: ofAgency,
  DriftFinding: ofAgency,
  DriftCheck: ofAgency,
  Offer: ofCustomer,
  AgencyOffer: ofAgency,
  Subscription: ofCustomer,
  AuditEntry: ofAgency,
  Quote: ofCustomer,
  Order: ofCustomer,
  PaymentAttempt: ofAgency,
  SubscriptionCheckout: ofCustomer,
  SubscriptionChange: ofCustomer,
  QuotaPeriod: ofCustomer,
  Invoice: ofCustomer,
  InvoiceAttempt: ofCustomer,
  Trial: ofCustomer,
  Licence: ofCustomer,
  PlanTrial: ofAgency,
  UsageEvent: ofCustomer,
  UsageTotal: ofCustomer,
  LicenceDraw: ofCustomer,
  MeterWindow: ofCustomer,
  MeterDelivery: ofCustomer,
  MeterDifference: ofCustomer,
  ServiceState: ofCustomer,
  GateSession: ofCustomer,
  PaymentMethod: ofCustomer,
  CardSetup: ofCustomer,
  CardVerification: ofCustomer,
  CardAttempt: ofAgency,
  AutoRefill: ofCustomer,
  Refill: ofCustomer,
  RefillBreaker: ofCustomer,
  RefillSkip: ofCustomer,
  Refund: ofCustomer,
  Dispute: ofCustomer,
  Reversal: ofAgency,
  Receipt: ofCustomer,
  ReceiptCounter: ofAgency,
  Alert: ofAgency,
  Installation: 'internal',
  ProviderOperation: 'internal',
  ProviderCredential: 'internal',
  SettledPayment: 'internal',
  InboxEvent: 'internal',
  ReconciliationRun: 'internal',
  ReconciliationCursor: 'internal',
  ReconciliationFinding: 'internal',
  InboxPayload: 'internal',
  IdempotencyRequest: 'internal',
  LedgerAccount: 'internal',
  LedgerTransaction: 'internal',
  LedgerEntry: 'internal',
  LedgerRollup: 'internal',
  LedgerRollupCursor: 'internal',
} as const satisfies Record<Prisma.ModelName, TenantColumns | 'internal'>;

const isModel = (name: string): name is Prisma.ModelName => Object.hasOwn(tenantColumns, name);

type Fields = Readonly<Record<string, unknown>>;

/** Which parts of an operation's arguments name rows (`where`) and which write them (`data`, `create`, `update`). */
interface Guard {
  readonly limitsWhere: boolean;
  readonly writes: readonly ('data' | 'create' | 'update')[];
  /** A new row must name its owner; a changed one need not, but must not name another. */
  readonly mustName: readonly ('data' | 'create')[];
}

const reads: Guard = { limitsWhere: true, writes: [], mustName: [] };
const changes: Guard = { limitsWhere: true, writes: ['data'], mustName: [] };
const creates: Guard = { limitsWhere: false, writes: ['data'], mustName: ['data'] };

/** Every operation that a scope may run. One that is not here (raw SQL too) is refused. */
const guards: Readonly<Record<string, Guard>> = {
  findUnique: reads,
  findUniqueOrThrow: reads,
  findFirst: reads,
  findFirstOrThrow: reads,
  findMany: reads,
  count: reads,
  aggregate: reads,
  groupBy: reads,
  delete: reads,
  deleteMany: reads,
  update: changes,
  updateMany: changes,
  updateManyAndReturn: changes,
  create: creates,
  createMany: creates,
  createManyAndReturn: creates,
  upsert: { limitsWhere: true, writes: ['create', 'update'], mustName: ['create'] },
};

/** A client that sees only what the scope may see. The one place where that is decided for ordinary reads and writes. */
export type ScopedPrisma = ReturnType<typeof scoped>;
/** The same inside a transaction. */
export type ScopedTransaction = Parameters<Parameters<ScopedPrisma['$transaction']>[0]>[0];

/**
 * Limits a client to a scope: reads, changes and deletions find only the scope's rows (another tenant's id is simply not
 * there), and writing a row of another tenant throws. The platform's scope is not limited. An error thrown here is a
 * mistake in our code, not the client's doing.
 */
export function scoped(prisma: PrismaClient, scope: Scope) {
  return prisma.$extends({
    name: 'scope',
    query: {
      $allOperations: async ({ model, operation, args, query }) =>
        query(scope.role === 'platform' ? args : limited(scope, model, operation, args)),
    },
  });
}

type TenantScope = Exclude<Scope, { role: 'platform' }>;

function limited(scope: TenantScope, model: string | undefined, operation: string, args: unknown): Fields {
  const guard = guards[operation];
  if (model === undefined || !isModel(model) || !guard) {
    throw new Error(`${operation} on ${model ?? 'the database'} is not open to the scope of ${scope.role}`);
  }
  const owner = ownerFields(scope, model);
  const given: Fields = isFields(args) ? args : {};
  for (const part of guard.writes) {
    for (const row of [given[part]].flat())
      checkOwner(
        owner,
        row,
        model,
        guard.mustName.some((name) => name === part),
      );
  }
  return guard.limitsWhere ? { ...given, where: narrowed(given.where, owner) } : given;
}

/** The columns and values that make a row of this model the scope's own. */
export function ownerFields(scope: TenantScope, model: Prisma.ModelName): Readonly<Record<string, string>> {
  const columns: TenantColumns | 'internal' = tenantColumns[model];
  if (columns === 'internal') throw new Error(`${model} is not open to the scope of ${scope.role}`);
  const agency = { [columns.agency]: scope.agencyId };
  if (scope.role === 'agency') return agency;
  if (columns.portal === null) throw new Error(`${model} is not open to the scope of ${scope.role}`);
  return { ...agency, [columns.portal]: scope.customerId };
}

/** Added under `AND`, which both unique and other lookups take, so that nothing the caller wrote can widen it. */
function narrowed(where: unknown, owner: Fields): Fields {
  const given: Fields = isFields(where) ? where : {};
  return { ...given, AND: [owner, ...[given.AND ?? []].flat()] };
}

function checkOwner(owner: Fields, row: unknown, model: string, mustName: boolean): void {
  const fields: Fields = isFields(row) ? row : {};
  for (const [column, value] of Object.entries(owner)) {
    if (fields[column] === undefined ? mustName : fields[column] !== value) {
      throw new Error(`a row of ${model} would belong to another tenant (${column})`);
    }
  }
}

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
