import type { ApiKey as ApiKeyRow } from '../database/generated/client.ts';
import { notFound } from '../errors.ts';
import { idOfRequest, newId } from '../ids.ts';
import type { TenancyDependencies } from './agency.ts';
import { type ApiKeyHasher, hintOf, newApiKey } from './api-key.ts';
import { noteChange } from './audit.ts';
import { findAgency } from './find-agencies.ts';
import type { Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

/** A key as it may be shown at any time: never the key itself. */
export interface ApiKey {
  readonly id: string;
  readonly agencyId: string;
  readonly name: string;
  readonly hint: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

export interface KeyIssueDependencies extends TenancyDependencies {
  readonly hash: ApiKeyHasher;
}

const apiKeyOfRow = ({ id, agencyId, name, hint, createdAt, lastUsedAt, revokedAt }: ApiKeyRow): ApiKey => ({
  id,
  agencyId,
  name,
  hint,
  createdAt,
  lastUsedAt,
  revokedAt,
});

/**
 * Makes a key for an agency and answers it, which nothing can do again. A request that is resumed replaces the key of its
 * first try, which nobody was shown. Throws 404 for an agency that is not there for this scope.
 */
export async function issueApiKey(
  dependencies: KeyIssueDependencies,
  scope: Scope,
  request: { readonly agencyId: string; readonly name: string; readonly requestId: string | undefined },
): Promise<{ readonly apiKey: ApiKey; readonly key: string }> {
  const agency = await findAgency(dependencies, scope, request.agencyId);
  const id = request.requestId === undefined ? newId('apiKey') : idOfRequest('apiKey', request.requestId);
  const key = newApiKey('agency');
  const secret = { hash: dependencies.hash(key), hint: hintOf(key) };
  const { prisma, clock } = dependencies;
  const apiKey = await scoped(prisma, scope).$transaction(async (db) => {
    const row = await db.apiKey.upsert({
      where: { id },
      create: { id, agencyId: agency.id, role: 'agency', name: request.name, createdAt: clock.now(), ...secret },
      update: secret,
    });
    await noteChange(db, clock, scope, {
      agencyId: agency.id,
      action: 'api_key.issued',
      subject: id,
      before: null,
      after: { name: row.name, hint: row.hint },
    });
    return apiKeyOfRow(row);
  });
  return { apiKey, key };
}

/** Newest first; few enough for one answer. Throws 404 for an agency that is not there for this scope. */
export async function listApiKeys(
  dependencies: TenancyDependencies,
  scope: Scope,
  agencyId: string,
): Promise<ApiKey[]> {
  const agency = await findAgency(dependencies, scope, agencyId);
  const rows = await scoped(dependencies.prisma, scope).apiKey.findMany({
    where: { agencyId: agency.id, role: 'agency' },
    orderBy: { id: 'desc' },
  });
  return rows.map(apiKeyOfRow);
}

/** From the next request on the key is refused. Revoking again changes nothing. Throws 404 for a key that is not there. */
export async function revokeApiKey(
  { prisma, clock }: TenancyDependencies,
  scope: Scope,
  { agencyId, id }: { readonly agencyId: string; readonly id: string },
): Promise<void> {
  const where = { id, agencyId, role: 'agency' };
  await scoped(prisma, scope).$transaction(async (db) => {
    const key = await db.apiKey.findFirst({ where });
    if (!key) throw notFound('API key');
    const revoked = await db.apiKey.updateMany({
      where: { ...where, revokedAt: null },
      data: { revokedAt: clock.now() },
    });
    if (revoked.count === 0) return;
    const fields = { name: key.name, hint: key.hint };
    await noteChange(db, clock, scope, {
      agencyId,
      action: 'api_key.revoked',
      subject: id,
      before: fields,
      after: null,
    });
  });
}
