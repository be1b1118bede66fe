import { conflict, notFound } from '../errors.ts';
import {
  type Agency,
  type AgencySettingsChange,
  agencyOfRow,
  agencySettings,
  changedSettings,
  type TenancyDependencies,
} from './agency.ts';
import { withoutUndefined } from './given-fields.ts';
import type { Scope } from './scope.ts';
import { scoped } from './scoped-prisma.ts';

export interface AgencyChange {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  /** A disabled agency's keys are refused; its clients' money and history stay. */
  readonly disabled?: boolean | undefined;
  readonly settings: AgencySettingsChange;
}

/** Throws 404 for an id that is not there for this scope, and 409 `platform_agency` for disabling the platform itself. */
export async function changeAgency(
  { prisma, clock }: TenancyDependencies,
  scope: Scope,
  id: string,
  change: AgencyChange,
): Promise<Agency> {
  return scoped(prisma, scope).$transaction(async (db) => {
    const row = await db.agency.findUnique({ where: { id } });
    if (!row) throw notFound('agency');
    if (row.isPlatform && change.disabled) throw conflict('platform_agency', 'The platform itself cannot be disabled.');
    const disabledAt =
      change.disabled === undefined ? undefined : change.disabled ? (row.disabledAt ?? clock.now()) : null;
    const changed = await db.agency.update({
      where: { id },
      data: {
        ...withoutUndefined({ name: change.name, email: change.email, disabledAt }),
        settings: changedSettings(agencySettings.parse(row.settings), change.settings),
      },
    });
    return agencyOfRow(changed);
  });
}
