import type { Sql } from '../database/database.ts';
import { lastTransactions } from '../ledger/last-transactions.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Scope } from '../tenancy/scope.ts';
import { agencyVersions, clientVersions } from './versions.sql.ts';

/** Whoever sees one tenant; the platform sees them all, for whom everything is a change. */
export type Watched = Exclude<Scope, { role: 'platform' }>;

export interface VersionDependencies {
  readonly sql: Sql;
  readonly ledger: Pick<Ledger, 'balances'>;
}

interface Row {
  readonly version: string;
}

/** One text for each, in their order, which differs from the one before where something that they see has changed. */
export async function readVersions(
  { sql, ledger }: VersionDependencies,
  watched: readonly Watched[],
): Promise<readonly string[]> {
  const clients = watched.flatMap((scope) => (scope.role === 'portal' ? [scope] : []));
  const agencies = watched.flatMap((scope) => (scope.role === 'agency' ? [scope.agencyId] : []));
  const ofClients = await clientTexts({ sql, ledger }, clients);
  const ofAgencies = await agencyTexts(sql, agencies);
  return watched.map((scope) => {
    const version = scope.role === 'portal' ? ofClients.shift() : ofAgencies.shift();
    if (version === undefined) throw new Error('fewer versions were read than asked for');
    return version;
  });
}

type Client = Extract<Watched, { role: 'portal' }>;

async function clientTexts({ sql, ledger }: VersionDependencies, clients: readonly Client[]): Promise<string[]> {
  if (clients.length === 0) return [];
  const agencyIds = clients.map(({ agencyId }) => agencyId);
  const customerIds = clients.map(({ customerId }) => customerId);
  const { rows } = await sql.query<Row>({
    name: 'updates-clients',
    text: clientVersions,
    values: [agencyIds, customerIds],
  });
  const balances = await ledger.balances(sql, clients);
  return rows.map(({ version }, index) => `${version}|${balances[index]}`);
}

async function agencyTexts(sql: Sql, agencies: readonly string[]): Promise<string[]> {
  if (agencies.length === 0) return [];
  const { rows } = await sql.query<Row>({ name: 'updates-agencies', text: agencyVersions, values: [agencies] });
  const last = await lastTransactions(sql, agencies);
  return rows.map(({ version }, index) => `${version}|${last.get(agencies[index] ?? '') ?? ''}`);
}
