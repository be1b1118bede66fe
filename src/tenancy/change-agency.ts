import { AppError, conflict, notFound } from '../errors.ts';
import {
  type Agency,
  type AgencySettingsChange,
  agencyOfRow,
  agencySettings,
  changedSettings,
  type TenancyDependencies,
} from './agency.ts';
import { noteChange } from './audit.ts';
import { withoutUndefined } from './given-fields.ts';
import type { Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';
import { standingChange } from './standing.ts';

export interface AgencyChange {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  /** A disabled agency's keys and its clients' tokens are refused, and it sells nothing; money and history stay. */
  readonly disabled?: boolean | undefined;
  readonly settings: AgencySettingsChange;
}

/** What the platform alone says of an agency: under which name it knows it, and whether it serves. */
const platformOnly = ['name', 'email', 'disabled'] as const;

function requireOwn(scope: Scope, change: AgencyChange): void {
  const refused = scope.role === 'platform' ? [] : platformOnly.filter((field) => change[field] !== undefined);
  if (refused.length === 0) return;
  const message = 'Only the platform changes this.';
  throw new AppError(
    403,
    'forbidden',
    `Only the platform changes an agency’s ${refused.join(', ')}.`,
    refused.map((path) => ({ path, message })),
  );
}

/**
 * Throws 404 for an id that is not there for this scope, 403 `forbidden` for an agency that changes what only the platform may,
 * and 409 `platform_agency` for disabling the platform itself.
 */
export async function changeAgency(
  { prisma, clock }: TenancyDependencies,
  scope: Scope,
  id: string,
  change: AgencyChange,
): Promise<Agency> {
  return scoped(prisma, scope).$transaction(async (db) => {
    const row = await db.agency.findUnique({ where: { id } });
    if (!row) throw notFound('agency');
    requireOwn(scope, change);
    if (row.isPlatform && change.disabled) throw conflict('platform_agency', 'The platform itself cannot be disabled.');
    const disabledAt =
      change.disabled === undefined ? undefined : change.disabled ? (row.disabledAt ?? clock.now()) : null;
    const changed = agencyOfRow(
      await db.agency.update({
        where: { id },
        data: {
          ...withoutUndefined({ name: change.name, email: change.email, disabledAt }),
          settings: changedSettings(agencySettings.parse(row.settings), change.settings),
        },
      }),
    );
    if (change.name !== undefined || change.email !== undefined) {
      // The client of the platform that it is, is known by the same name.
      const platform = await db.agency.findFirstOrThrow({ where: { isPlatform: true } });
      const { name, email } = changed;
      await db.customer.updateMany({ where: { agencyId: platform.id, externalId: id }, data: { name, email } });
    }
    const standing = standingChange('agency', row.disabledAt !== null, changed.disabled);
    if (standing) await noteChange(db, clock, scope, { agencyId: id, subject: id, ...standing });
    return changed;
  });
}
